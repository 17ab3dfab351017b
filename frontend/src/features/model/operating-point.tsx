import { useMessages } from '@/shared/i18n/language'

import { Figure } from './figure'
import type { Metric } from './metrics'
import { Plot } from './plot'

/** Where the network works between missing films and crying wolf, as far as its card says. */
export function OperatingPoint({ metrics }: { metrics: readonly Metric[] }) {
  const { model } = useMessages()
  const text = model.roc
  const find = (name: string) => metrics.find((metric) => metric.name === name)
  const [sensitivity, specificity] = [find('sensitivity'), find('specificity')]
  if (sensitivity === undefined || specificity === undefined) return null
  const precision = find('precision')

  const of100 = (value: number) => Math.round(value * 100)
  const at = {
    x: 1 - specificity.value,
    y: sensitivity.value,
    left: 1 - (specificity.high ?? specificity.value),
    right: 1 - (specificity.low ?? specificity.value),
    low: sensitivity.low ?? sensitivity.value,
    high: sensitivity.high ?? sensitivity.value,
  }
  const share = (value: number) => `${value * 100}%`
  const interval = ({ low, high }: Metric) =>
    low === null || high === null ? '–' : `${low.toFixed(3)} – ${high.toFixed(3)}`

  return (
    <div className="grid gap-x-10 gap-y-4 pb-6 lg:grid-cols-2">
      <Figure
        title={text.title}
        note={text.noCurve}
        table={{
          head: [model.metric, model.value, model.interval],
          rows: [sensitivity, specificity].map((metric) => [
            model.metricName[metric.name] ?? metric.name,
            metric.value.toFixed(3),
            interval(metric),
          ]),
        }}
      >
        <div className="max-w-72">
          <p className="pb-1 text-xs leading-4 text-muted">{text.up}</p>
          <Plot
            top="100 %"
            bottom="0 %"
            below={['0 %', text.right, '100 %']}
            className="aspect-square"
          >
            <svg
              viewBox="0 0 100 100"
              preserveAspectRatio="none"
              className="absolute inset-0 size-full"
            >
              <path
                d="M0 100L100 0"
                className="stroke-edge"
                strokeDasharray="2 2"
                vectorEffect="non-scaling-stroke"
              />
            </svg>
            <span
              className="absolute h-0.5 translate-y-1/2 bg-muted"
              style={{
                left: share(at.left),
                width: share(at.right - at.left),
                bottom: share(at.y),
              }}
            />
            <span
              className="absolute w-0.5 -translate-x-1/2 bg-muted"
              style={{ left: share(at.x), bottom: share(at.low), height: share(at.high - at.low) }}
            />
            <span
              className="absolute size-2.5 -translate-x-1/2 translate-y-1/2 bg-ink"
              style={{ left: share(at.x), bottom: share(at.y) }}
            />
          </Plot>
        </div>
      </Figure>
      <ul className="flex list-disc flex-col gap-2 self-center pl-5 marker:text-muted">
        <li>{text.found(of100(sensitivity.value))}</li>
        <li>{text.alarmed(of100(1 - specificity.value))}</li>
        {precision && <li>{text.right100(of100(precision.value))}</li>}
        <li className="text-muted">{text.elsewhere}</li>
      </ul>
    </div>
  )
}
