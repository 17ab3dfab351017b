import { useMessages } from '@/shared/i18n/language'
import { percent } from '@/shared/lib/figures'

import type { Curves } from './curves'
import { Figure } from './figure'
import { intervalOf, type Metric } from './metrics'
import { DIAGONAL, Line, SquarePlot, Spot, type PlotPoint } from './square-plot'

interface PrecisionRecallProps {
  curves: Curves
  sensitivity: Metric
  precision: Metric | undefined
}

/** Precision-recall curve. */
export function PrecisionRecall({ curves, sensitivity, precision }: PrecisionRecallProps) {
  const { model } = useMessages()
  const text = model.precisionRecall
  const share = curves.positives / curves.films
  // Steps, as average precision sums them: straight lines between points would be too optimistic.
  const steps = curves.points.flatMap((point, index): PlotPoint[] => [
    [curves.points[index - 1]?.sensitivity ?? 0, point.precision],
    [point.sensitivity, point.precision],
  ])
  return (
    <Figure
      title={text.title}
      note={text.note(percent(share))}
      table={{
        head: [model.roc.threshold, text.right, text.up],
        rows: curves.points.map((point) => [
          point.threshold.toFixed(4),
          point.sensitivity.toFixed(3),
          point.precision.toFixed(3),
        ]),
      }}
    >
      <SquarePlot up={text.up} right={text.right}>
        <Line
          points={[
            [0, share],
            [1, share],
          ]}
          isReference
        />
        <Line points={steps} />
        {precision && <Spot at={[sensitivity.value, precision.value]} />}
      </SquarePlot>
    </Figure>
  )
}

/** Reliability diagram. */
export function Reliability({ curves: { reliability } }: { curves: Curves }) {
  const { model } = useMessages()
  const text = model.reliability
  return (
    <Figure
      title={text.title}
      note={text.note}
      table={{
        head: [text.right, text.up, model.interval, model.filmCount],
        rows: reliability.map((bin) => [
          bin.mean_probability.toFixed(3),
          bin.share.toFixed(3),
          intervalOf(bin),
          bin.films,
        ]),
      }}
    >
      <SquarePlot up={text.up} right={text.right}>
        <Line points={DIAGONAL} isReference />
        <Line points={reliability.map((bin) => [bin.mean_probability, bin.share])} />
        {reliability.map((bin) => (
          <Spot
            key={bin.mean_probability}
            at={[bin.mean_probability, bin.share]}
            {...(bin.low !== null && bin.high !== null && { upwards: [bin.low, bin.high] })}
            isSmall
          />
        ))}
      </SquarePlot>
    </Figure>
  )
}
