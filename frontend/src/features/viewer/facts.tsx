import type { Item, Job } from '@/shared/api/wire'
import { useLanguage, useMessages } from '@/shared/i18n/language'
import { fullMoment } from '@/shared/lib/figures'

import { PanelSection } from './panel-section'

/** What the film said of itself, and which network read it. */
export function Facts({ item, job }: { item: Item; job: Job | undefined }) {
  const messages = useMessages()
  const text = messages.viewer.facts
  const language = useLanguage()
  const { result } = item
  const input = result?.input
  const timings = result?.timings_ms
  const reading = timings && (timings.decode ?? 0) + (timings.infer ?? 0) + (timings.render ?? 0)

  const facts: readonly (readonly [string, string | null | undefined])[] = [
    [text.file, item.filename],
    [text.reference, job?.reference],
    [text.received, job && fullMoment(job.created_at, language)],
    [text.view, input && (input.view ?? text.notStated)],
    [text.age, input?.age == null ? null : text.years(input.age)],
    [text.sex, input?.sex],
    [text.modality, input?.modality],
    [text.bodyPart, input?.body_part],
    [text.size, input && text.sizeOf(input.width, input.height)],
    [text.format, input?.format?.toUpperCase()],
    [text.bits, input?.bits_stored == null ? null : text.bitsOf(input.bits_stored)],
    [text.photometric, input?.photometric_interpretation],
    [text.model, result && `${result.model.name} ${result.model.version}`],
    [text.time, reading ? text.milliseconds(Math.round(reading)) : null],
    [text.sha256, item.sha256],
  ]
  return (
    <PanelSection title={text.title}>
      <dl className="grid grid-cols-[6rem_minmax(0,1fr)] gap-x-2 gap-y-1">
        {facts.map(([name, value]) =>
          value == null ? null : (
            <div key={name} className="contents">
              <dt className="text-muted">{name}</dt>
              <dd className="break-words">{value}</dd>
            </div>
          ),
        )}
      </dl>
    </PanelSection>
  )
}
