import { useMessages } from '@/shared/i18n/language'

import type { Curves } from './curves'
import { Figure } from './figure'
import { intervalOf, type Metric } from './metrics'
import { PrecisionRecall, Reliability } from './other-curves'
import { DIAGONAL, Line, SquarePlot, Spot } from './square-plot'

interface OperatingPointProps {
  metrics: readonly Metric[]
  curves: Curves | null
}

/** Sensitivity and false alarms at the threshold, from the card. */
export function OperatingPoint({ metrics, curves }: OperatingPointProps) {
  const { model } = useMessages()
  const text = model.roc
  const find = (name: string) => metrics.find((metric) => metric.name === name)
  const [sensitivity, specificity] = [find('sensitivity'), find('specificity')]
  if (sensitivity === undefined || specificity === undefined) return null
  const precision = find('precision')
  const of100 = (value: number) => Math.round(value * 100)

  const roc = (
    <Figure
      title={curves ? text.curve : text.title}
      note={curves ? text.ofCurve : text.noCurve}
      table={
        curves
          ? {
              head: [text.threshold, text.up, text.falseAlarms],
              rows: curves.points.map((point) => [
                point.threshold.toFixed(4),
                point.sensitivity.toFixed(3),
                (1 - point.specificity).toFixed(3),
              ]),
            }
          : {
              head: [model.metric, model.value, model.interval],
              rows: [sensitivity, specificity].map((metric) => [
                model.metricName[metric.name] ?? metric.name,
                metric.value.toFixed(3),
                intervalOf(metric),
              ]),
            }
      }
    >
      <SquarePlot up={text.up} right={text.right}>
        <Line points={DIAGONAL} isReference />
        {curves && (
          <Line
            points={[
              [0, 0],
              ...curves.points.map((at) => [1 - at.specificity, at.sensitivity] as const),
            ]}
          />
        )}
        <Spot
          at={[1 - specificity.value, sensitivity.value]}
          across={[
            1 - (specificity.high ?? specificity.value),
            1 - (specificity.low ?? specificity.value),
          ]}
          upwards={[sensitivity.low ?? sensitivity.value, sensitivity.high ?? sensitivity.value]}
        />
      </SquarePlot>
    </Figure>
  )
  const inWords = (
    <ul className="flex list-disc flex-col gap-2 self-center pl-5 marker:text-muted">
      <li>{text.found(of100(sensitivity.value))}</li>
      <li>{text.alarmed(of100(1 - specificity.value))}</li>
      {precision && <li>{text.right100(of100(precision.value))}</li>}
      <li className="text-muted">{text.elsewhere}</li>
    </ul>
  )

  return (
    <div className="grid gap-x-10 gap-y-6 pb-6 sm:grid-cols-2 lg:grid-cols-3">
      {roc}
      {curves && (
        <>
          <PrecisionRecall curves={curves} sensitivity={sensitivity} precision={precision} />
          <Reliability curves={curves} />
        </>
      )}
      <div className={curves ? 'col-span-full max-w-3xl' : 'self-center lg:col-span-2'}>
        {inWords}
      </div>
    </div>
  )
}
