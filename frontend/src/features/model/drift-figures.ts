import type { Drift, FilmsOfDay } from '@/shared/api/wire'

export const SCORE_BINS = 10
export const VIEWS = ['PA', 'AP', 'other', 'not_stated'] as const
export type View = (typeof VIEWS)[number]

/** One day of a network. */
export interface Day {
  /** ISO 8601 date, in UTC. */
  date: string
  succeeded: number
  rejected: number
  failed: number
  above: Share
}

/** A share with its 95 % interval. */
export interface Share {
  count: number
  of: number
  /** In [0, 1]; null if there are no films. */
  value: number | null
  low: number
  high: number
}

export interface DriftFigures {
  days: readonly Day[]
  films: number
  meanProbability: number | null
  above: Share
  rejected: Share
  /** Share of scored films in each tenth of the scale: last week, and the weeks before. */
  lastWeek: readonly number[]
  before: readonly number[]
  views: Readonly<Record<View, Share>>
  /** Most frequent first. */
  reasons: readonly (readonly [code: string, films: number])[]
}

const WEEK = 7

/** Versions of the network that have read films, the latest first. */
export function versionsOf({ days }: Drift): string[] {
  const versions = [...days].reverse().flatMap((day) => day.model_version ?? [])
  return [...new Set(versions)]
}

/** Compute the figures of one network. Failed films have no network and count for each. */
export function driftFigures(drift: Drift, version: string | null): DriftFigures {
  const rows = drift.days.filter(
    ({ model_version: of }) => of === null || version === null || of === version,
  )
  const dates = datesFrom(drift.first_day, drift.as_of.slice(0, 10))
  const weekBegins = dates.at(-WEEK) ?? drift.first_day
  const sum = (of: (row: FilmsOfDay) => number, among = rows) =>
    among.reduce((total, row) => total + of(row), 0)
  const succeeded = sum((row) => row.succeeded)
  const rejected = sum((row) => row.rejected)
  const read = succeeded + rejected
  const scores = sum((row) => (row.mean_probability ?? 0) * row.succeeded)

  return {
    days: dates.map((date) => {
      const ofDay = rows.filter((row) => row.day === date)
      const scored = sum((row) => row.succeeded, ofDay)
      return {
        date,
        succeeded: scored,
        rejected: sum((row) => row.rejected, ofDay),
        failed: sum((row) => row.failed, ofDay),
        above: shareOf(
          sum((row) => row.above_threshold, ofDay),
          scored,
        ),
      }
    }),
    films: read + sum((row) => row.failed),
    meanProbability: succeeded === 0 ? null : scores / succeeded,
    above: shareOf(
      sum((row) => row.above_threshold),
      succeeded,
    ),
    rejected: shareOf(rejected, read),
    lastWeek: scoreShares(rows.filter((row) => row.day >= weekBegins)),
    before: scoreShares(rows.filter((row) => row.day < weekBegins)),
    views: Object.fromEntries(
      VIEWS.map((view) => [
        view,
        shareOf(
          sum((row) => row.views[view] ?? 0),
          read,
        ),
      ]),
    ) as Record<View, Share>,
    reasons: reasonsOf(rows),
  }
}

/** Compute a share with its 95 % interval by Wilson (1927), which is valid for few films too. */
export function shareOf(count: number, of: number): Share {
  if (of === 0) return { count, of, value: null, low: 0, high: 1 }
  const z = 1.96
  const value = count / of
  const middle = value + z ** 2 / (2 * of)
  const half = z * Math.sqrt((value * (1 - value)) / of + z ** 2 / (4 * of ** 2))
  const whole = 1 + z ** 2 / of
  return {
    count,
    of,
    value,
    low: Math.max(0, (middle - half) / whole),
    high: Math.min(1, (middle + half) / whole),
  }
}

function scoreShares(rows: readonly FilmsOfDay[]): number[] {
  const total = rows.reduce((sum, row) => sum + row.succeeded, 0)
  return Array.from({ length: SCORE_BINS }, (_, bin) =>
    total === 0 ? 0 : rows.reduce((sum, row) => sum + (row.scores[bin] ?? 0), 0) / total,
  )
}

function reasonsOf(rows: readonly FilmsOfDay[]): [string, number][] {
  const counts = new Map<string, number>()
  for (const row of rows) {
    for (const [code, films] of Object.entries(row.reasons)) {
      counts.set(code, (counts.get(code) ?? 0) + films)
    }
  }
  return [...counts].sort(([, a], [, b]) => b - a)
}

function datesFrom(first: string, last: string): string[] {
  const dates: string[] = []
  const day = new Date(`${first}T00:00:00Z`)
  while (day.toISOString().slice(0, 10) <= last) {
    dates.push(day.toISOString().slice(0, 10))
    day.setUTCDate(day.getUTCDate() + 1)
  }
  return dates
}
