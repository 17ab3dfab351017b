import type { Messages } from '@/shared/i18n/en'
import { useMessages } from '@/shared/i18n/language'

export interface Metric {
  name: string
  value: number
  low: number | null
  high: number | null
  films: number | null
  data: string
}

/** Read the metrics of a card that have a name and a value; others are ignored. */
export function readMetrics(value: unknown): Metric[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return []
    const { name, value, low, high, films, data } = entry as Record<string, unknown>
    if (typeof name !== 'string' || typeof value !== 'number') return []
    return [
      {
        name,
        value,
        low: numberOrNull(low),
        high: numberOrNull(high),
        films: numberOrNull(films),
        data: typeof data === 'string' ? data : '',
      },
    ]
  })
}

/** Bounds of the 95 % interval; null if none was computed. */
export const intervalOf = ({ low, high }: Pick<Metric, 'low' | 'high'>) =>
  low === null || high === null ? '–' : `${low.toFixed(3)} – ${high.toFixed(3)}`

const numberOrNull = (value: unknown) => (typeof value === 'number' ? value : null)

/** The metrics, one table for each set of films that they were measured on. */
export function Metrics({ metrics }: { metrics: readonly Metric[] }) {
  const { model: text } = useMessages()
  const sets = [...new Set(metrics.map(({ data }) => data))]
  return (
    <div className="flex flex-col gap-6">
      {sets.map((data) => (
        <div key={data}>
          {data !== '' && (
            <p className="mb-1 text-muted">
              {text.data}: {data}
            </p>
          )}
          <MetricTable metrics={metrics.filter((metric) => metric.data === data)} />
        </div>
      ))}
    </div>
  )
}

/** A value on its scale from 0 to 1, with its interval. */
function MetricTable({ metrics }: { metrics: readonly Metric[] }) {
  const { model: text } = useMessages()
  const head = 'border-b border-line py-1 pr-4 text-left font-normal text-muted'
  const cell = 'border-b border-line py-1 pr-4'
  return (
    <table className="w-full border-collapse">
      <thead>
        <tr>
          <th scope="col" className={head}>
            {text.metric}
          </th>
          <th scope="col" className={`${head} text-right`}>
            {text.value}
          </th>
          <th scope="col" className={head}>
            {text.interval}
          </th>
          <th scope="col" className={`${head} w-1/4 max-md:hidden`}>
            <span aria-hidden className="flex justify-between">
              <span>0</span>
              <span>1</span>
            </span>
            <span className="sr-only">{text.scale}</span>
          </th>
          <th scope="col" className={`${head} text-right max-sm:hidden`}>
            {text.filmCount}
          </th>
        </tr>
      </thead>
      <tbody>
        {metrics.map((metric) => (
          <tr key={metric.name}>
            <th scope="row" className={`${cell} text-left font-normal`}>
              {nameOf(metric.name, text)}
            </th>
            <td className={`${cell} text-right font-medium`}>{metric.value.toFixed(3)}</td>
            <td className={`${cell} whitespace-nowrap text-muted`}>{intervalOf(metric)}</td>
            <td className={`${cell} max-md:hidden`}>
              <Interval metric={metric} />
            </td>
            <td className={`${cell} text-right text-muted max-sm:hidden`}>{metric.films}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** Return a metric's name in words, with the age band if it is of one. */
function nameOf(name: string, text: Messages['model']): string {
  const [, from, to] = /^auroc_age_(\d+)_to_(\d+)$/.exec(name) ?? []
  if (from !== undefined && to !== undefined) return text.aurocAge(from, to)
  return text.metricName[name] ?? name.replaceAll('_', ' ')
}

function Interval({ metric: { value, low, high } }: { metric: Metric }) {
  if (value < 0 || value > 1) return null
  const at = (share: number) => `${share * 100}%`
  return (
    <div aria-hidden className="relative h-4">
      <div className="absolute inset-x-0 top-1/2 h-px bg-line" />
      {low !== null && high !== null && (
        <div
          className="absolute top-1/2 h-0.5 -translate-y-1/2 bg-muted"
          style={{ left: at(low), width: at(high - low) }}
        />
      )}
      <div
        className="absolute top-1/2 h-3 w-0.5 -translate-x-1/2 -translate-y-1/2 bg-ink"
        style={{ left: at(value) }}
      />
    </div>
  )
}
