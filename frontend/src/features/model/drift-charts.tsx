import type { TrainingSet } from '@/shared/api/wire'
import { useLanguage, useMessages } from '@/shared/i18n/language'
import { explainReason } from '@/shared/lib/explain'
import { dayOfMonth, percent } from '@/shared/lib/figures'

import { scoreShares, type Curves } from './curves'
import { SCORE_BINS, VIEWS, type DriftFigures, type Share } from './drift-figures'
import { Figure, Legend, Table } from './figure'
import { Level, Plot } from './plot'

interface ChartProps {
  figures: DriftFigures
  trained: TrainingSet | null
}

const FILLED = 'bg-muted'
const OUTLINED = 'border border-muted bg-ground'
const FULL = 'bg-ink'

/** Films finished each day, by state. */
export function FilmsEachDay({ figures: { days } }: ChartProps) {
  const { model } = useMessages()
  const text = model.drift
  const language = useLanguage()
  const most = Math.max(1, ...days.map((day) => day.succeeded + day.rejected + day.failed))
  const name = (date: string) => dayOfMonth(date, language)
  return (
    <Figure
      title={text.eachDay}
      legend={
        <Legend
          marks={[
            [FILLED, text.scored],
            [OUTLINED, text.rejected],
            [FULL, text.failed],
          ]}
        />
      }
      table={{
        head: [text.day, text.scored, text.rejected, text.failed],
        rows: days.map((day) => [name(day.date), day.succeeded, day.rejected, day.failed]),
      }}
    >
      <Plot top={String(most)} below={endsOf(days.map((day) => name(day.date)))}>
        <div className="flex h-full items-end gap-px">
          {days.map((day) => (
            <div key={day.date} className="flex h-full min-w-0 flex-1 flex-col justify-end">
              <Bar className={FULL} share={day.failed / most} />
              <Bar className={OUTLINED} share={day.rejected / most} />
              <Bar className={FILLED} share={day.succeeded / most} />
            </div>
          ))}
        </div>
      </Plot>
    </Figure>
  )
}

const Bar = ({ className, share }: { className: string; share: number }) =>
  share === 0 ? null : (
    <div className={`min-h-0.5 ${className}`} style={{ height: `${share * 100}%` }} />
  )

/** Share above the threshold each day, with its interval, compared with the training set's. */
export function AboveEachDay({ figures: { days, above }, trained }: ChartProps) {
  const { model } = useMessages()
  const text = model.drift
  const language = useLanguage()
  const name = (date: string) => dayOfMonth(date, language)
  return (
    <Figure
      title={text.above}
      note={text.aboveNote}
      legend={
        <p className="text-xs leading-4 text-muted">
          {text.all(inWords(above))}
          {trained?.above_threshold != null && ` ${text.trained(percent(trained.above_threshold))}`}
        </p>
      }
      table={{
        head: [text.day, text.share, model.interval, text.films],
        rows: days.map(({ date, above: { value, low, high, of } }) => [
          name(date),
          value === null ? '–' : percent(value),
          value === null ? '–' : `${percent(low)} – ${percent(high)}`,
          of,
        ]),
      }}
    >
      <Plot top="100 %" bottom="0 %" below={endsOf(days.map((day) => name(day.date)))}>
        <div className="flex h-full gap-px">
          {days.map(({ date, above: { value, low, high } }) => (
            <div key={date} className="relative min-w-0 flex-1">
              {value !== null && (
                <>
                  <span
                    className="absolute left-1/2 w-0.5 -translate-x-1/2 bg-muted"
                    style={{ bottom: `${low * 100}%`, height: `${(high - low) * 100}%` }}
                  />
                  <span
                    className="absolute left-1/2 size-1.5 -translate-x-1/2 translate-y-1/2 bg-ink"
                    style={{ bottom: `${value * 100}%` }}
                  />
                </>
              )}
            </div>
          ))}
        </div>
        {trained?.above_threshold != null && (
          <Level share={trained.above_threshold} label={text.trainingSet} />
        )}
      </Plot>
    </Figure>
  )
}

interface ScoresProps extends ChartProps {
  curves: Curves | null
}

/** Distribution of scores: last week, the weeks before, and the training set. */
export function Scores({ figures, trained, curves }: ScoresProps) {
  const { model } = useMessages()
  const text = model.drift
  const { lastWeek, before, meanProbability } = figures
  const training = curves && scoreShares(curves, SCORE_BINS)
  const most = Math.max(0.1, ...lastWeek, ...before, ...(training ?? []))
  const bins = Array.from({ length: SCORE_BINS }, (_, bin) => bin)
  return (
    <Figure
      title={text.scores}
      note={training ? text.scoresCompared : text.scoresNote}
      legend={
        <>
          <Legend
            marks={[
              [FILLED, text.lastWeek],
              [OUTLINED, text.before],
              ...(training ? [[FULL, text.trainingSet] as const] : []),
            ]}
          />
          <p className="text-xs leading-4 text-muted">
            {meanProbability !== null && text.mean(percent(meanProbability))}
            {trained?.mean_probability != null &&
              ` ${text.trained(percent(trained.mean_probability))}`}
          </p>
        </>
      }
      table={{
        head: [text.score, text.lastWeek, text.before, ...(training ? [text.trainingSet] : [])],
        rows: bins.map((bin) => [
          `${bin * 10} – ${(bin + 1) * 10} %`,
          percent(lastWeek[bin] ?? 0),
          percent(before[bin] ?? 0),
          ...(training ? [percent(training[bin] ?? 0)] : []),
        ]),
      }}
    >
      <Plot top={percent(most)} bottom="0 %" below={['0', '50 %', '100 %']}>
        <div className="flex h-full items-end gap-1">
          {bins.map((bin) => (
            <div key={bin} className="flex h-full min-w-0 flex-1 items-end gap-px">
              <Column className={FILLED} share={(lastWeek[bin] ?? 0) / most} />
              <Column className={OUTLINED} share={(before[bin] ?? 0) / most} />
              {training && <Column className={FULL} share={(training[bin] ?? 0) / most} />}
            </div>
          ))}
        </div>
      </Plot>
    </Figure>
  )
}

const Column = ({ className, share }: { className: string; share: number }) => (
  <div
    className={`min-w-0 flex-1 ${share === 0 ? '' : className}`}
    style={{ height: `${share * 100}%` }}
  />
)

/** Views stated by the films, compared with the training set's. */
export function Views({ figures: { views }, trained }: ChartProps) {
  const { model } = useMessages()
  const text = model.drift
  const known = Object.values(trained?.views ?? {}).reduce((sum, films) => sum + films, 0)
  const trainedShare = (view: string) => (known === 0 ? null : (trained?.views[view] ?? 0) / known)
  return (
    <Figure
      title={text.views}
      note={text.viewsNote}
      legend={
        <Legend
          marks={[
            [FILLED, text.here],
            ...(known > 0 ? [[OUTLINED, text.trainingSet] as const] : []),
          ]}
        />
      }
      table={{
        head: [text.view, text.here, text.films, text.trainingSet],
        rows: VIEWS.map((view) => {
          const share = trainedShare(view)
          const { value, count } = views[view]
          return [
            text.viewName[view],
            value === null ? '–' : percent(value),
            count,
            share === null ? '–' : percent(share),
          ]
        }),
      }}
    >
      <div className="flex flex-col gap-2">
        {VIEWS.map((view) => (
          <div key={view} className="grid grid-cols-[6rem_minmax(0,1fr)] items-center gap-x-2">
            <span>{text.viewName[view]}</span>
            <div className="flex flex-col gap-px bg-raised">
              <Row className={FILLED} share={views[view].value ?? 0} />
              {known > 0 && <Row className={OUTLINED} share={trainedShare(view) ?? 0} />}
            </div>
          </div>
        ))}
      </div>
    </Figure>
  )
}

const Row = ({ className, share }: { className: string; share: number }) => (
  <div className={`h-2.5 ${share === 0 ? '' : className}`} style={{ width: `${share * 100}%` }} />
)

/** Reasons for films not being scored. */
export function Rejections({ figures: { rejected, reasons }, trained }: ChartProps) {
  const messages = useMessages()
  const text = messages.model.drift
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <h3 className="font-medium">{text.rejections}</h3>
      <p className="text-muted">
        {rejected.value === null ? text.noneRead : text.all(inWords(rejected))}
        {trained?.rejected != null && ` ${text.trainedRejected(percent(trained.rejected))}`}
      </p>
      {reasons.length > 0 && (
        <Table
          title={text.rejections}
          head={[text.reason, text.films]}
          rows={reasons.map(([code, films]) => [
            code === '' ? '–' : explainReason(messages, code, code).what,
            films,
          ])}
        />
      )}
    </div>
  )
}

const inWords = ({ value, low, high }: Share) =>
  value === null ? '–' : `${percent(value)} (${percent(low)} – ${percent(high)})`

const endsOf = (names: readonly string[]) =>
  [names[0], names[Math.floor(names.length / 2)], names.at(-1)].filter((name) => name !== undefined)
