interface CurvePoint {
  threshold: number
  sensitivity: number
  specificity: number
  precision: number
}

interface ReliabilityBin {
  films: number
  mean_probability: number
  share: number
  low: number | null
  high: number | null
}

/** Data of a card's plots. */
export interface Curves {
  films: number
  positives: number
  /** By descending threshold. */
  points: readonly CurvePoint[]
  /** By ascending probability. */
  reliability: readonly ReliabilityBin[]
}

/** Read the curves of a card; null if it has none, or in another form. */
export function readCurves(value: unknown): Curves | null {
  if (!isRecord(value)) return null
  const { films, positives, threshold, sensitivity, specificity, precision, reliability } = value
  if (typeof films !== 'number' || typeof positives !== 'number') return null
  const columns = [threshold, sensitivity, specificity, precision]
  if (!columns.every(isNumbers) || !Array.isArray(reliability)) return null
  const [thresholds = [], ...others] = columns
  if (thresholds.length === 0 || others.some(({ length }) => length !== thresholds.length)) {
    return null
  }
  return {
    films,
    positives,
    points: thresholds.map((at, index) => {
      const [found = 0, spared = 0, right = 0] = others.map((column) => column[index])
      return { threshold: at, sensitivity: found, specificity: spared, precision: right }
    }),
    reliability: reliability.filter(isBin),
  }
}

/**
 * Return the share of a card's films in each of `parts` equal bins of the scale from 0 to 1.
 *
 * Between two thresholds of the curves the films are assumed to be evenly spread.
 */
export function scoreShares({ films, positives, points }: Curves, parts: number): number[] {
  const ends = [
    { threshold: 1, above: 0 },
    ...points.map(({ threshold, sensitivity, specificity }) => ({
      threshold,
      above: (sensitivity * positives + (1 - specificity) * (films - positives)) / films,
    })),
    { threshold: 0, above: 1 },
  ]
  const shareAbove = (score: number) => {
    const below = ends.findIndex(({ threshold }) => threshold <= score)
    const [upper, lower] = [ends[below - 1], ends[below]]
    if (upper === undefined || lower === undefined) return score >= 1 ? 0 : 1
    const way = (upper.threshold - score) / (upper.threshold - lower.threshold)
    return upper.above + way * (lower.above - upper.above)
  }
  return Array.from(
    { length: parts },
    (_, part) => shareAbove(part / parts) - shareAbove((part + 1) / parts),
  )
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

const isNumber = (value: unknown): value is number => typeof value === 'number'

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every(isNumber)

const isBin = (value: unknown): value is ReliabilityBin =>
  isRecord(value) &&
  [value['films'], value['mean_probability'], value['share']].every(isNumber) &&
  [value['low'], value['high']].every((end) => end === null || isNumber(end))
