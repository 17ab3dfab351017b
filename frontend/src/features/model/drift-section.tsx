import { Activity, LoaderCircle } from 'lucide-react'
import { useState } from 'react'

import { useDrift } from '@/shared/api/drift'
import type { Drift } from '@/shared/api/wire'
import { useMessages } from '@/shared/i18n/language'
import { Choice } from '@/shared/ui/choice'
import { Failure } from '@/shared/ui/failure'
import { Notice } from '@/shared/ui/notice'

import type { Curves } from './curves'
import { AboveEachDay, FilmsEachDay, Rejections, Scores, Views } from './drift-charts'
import { driftFigures, versionsOf } from './drift-figures'

/** A little less than films are kept by default. */
const DAYS = 28

/** Results of the last four weeks, compared with the films that the network was measured on. */
export function DriftSection({ curves }: { curves: Curves | null }) {
  const { model } = useMessages()
  const { data, error, refetch } = useDrift(DAYS)
  return (
    <section className="mt-6 border-t border-line py-6">
      <h2 className="mb-2 font-semibold">{model.drift.title}</h2>
      {data ? (
        <Pictures drift={data} curves={curves} />
      ) : error ? (
        <Failure error={error} retry={() => void refetch()} className="py-8" />
      ) : (
        <Notice icon={LoaderCircle} title={model.drift.loading} className="py-8" />
      )}
    </section>
  )
}

function Pictures({ drift, curves }: { drift: Drift; curves: Curves | null }) {
  const { model } = useMessages()
  const text = model.drift
  const versions = versionsOf(drift)
  const [chosen, setChosen] = useState<string | null>(null)
  const version = versions.find((one) => one === chosen) ?? versions[0] ?? null
  const figures = driftFigures(drift, version)
  const parts = { figures, trained: drift.training_set }

  if (figures.films === 0) {
    return (
      <Notice icon={Activity} title={text.none} className="py-8">
        <p>{text.noneHint}</p>
      </Notice>
    )
  }
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <p className="text-muted">
          {text.about(figures.films)}{' '}
          {drift.training_set ? text.compared(drift.training_set.films) : text.notCompared}
        </p>
        {versions.length > 1 && version !== null && (
          <Choice
            label={text.version}
            value={version}
            choices={versions.map((value) => ({ value, label: text.versionOf(value) }))}
            onChange={setChosen}
          />
        )}
      </div>
      <div className="mt-6 grid gap-x-10 gap-y-8 lg:grid-cols-2">
        <FilmsEachDay {...parts} />
        <AboveEachDay {...parts} />
        <Scores {...parts} curves={curves} />
        <Views {...parts} />
        <Rejections {...parts} />
      </div>
    </>
  )
}
