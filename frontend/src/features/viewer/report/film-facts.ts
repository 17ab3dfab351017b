import type { Item, Job } from '@/shared/api/wire'
import type { Messages } from '@/shared/i18n/en'
import { fullMoment } from '@/shared/lib/figures'

/** List the film's own data and the network that read it; unknown values are left out. */
export function filmFacts(
  item: Item,
  job: Job | undefined,
  { viewer }: Messages,
  language: string,
): [name: string, value: string][] {
  const text = viewer.facts
  const { result } = item
  const input = result?.input
  const timings = result?.timings_ms
  const reading = timings && (timings.decode ?? 0) + (timings.infer ?? 0) + (timings.render ?? 0)

  const facts: [string, string | null | undefined][] = [
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
  return facts.flatMap(([name, value]) => (value == null ? [] : [[name, value]]))
}
