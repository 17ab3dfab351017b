import type { Job } from '@/shared/api/wire'
import { useMessages } from '@/shared/i18n/language'

import type { Hold, Upload } from './queue/upload-queue'

interface ProgressProps {
  jobs: readonly Job[]
  uploads: readonly Upload[]
  hold: Hold
}

/** Progress of a submission, and the reason if sending is on hold. */
export function Progress({ jobs, uploads, hold }: ProgressProps) {
  const { submit: text, films } = useMessages()
  const count = (of: (job: Job) => number) => jobs.reduce((sum, job) => sum + of(job), 0)
  const total = count((job) => job.counts.total) + uploads.length
  const refused = uploads.filter((upload) => upload.state === 'refused').length
  const rejected = count((job) => job.counts.rejected)
  const failed = count((job) => job.counts.failed) + refused
  const done = count((job) => job.counts.succeeded + job.counts.cancelled) + rejected + failed
  const above = count((job) => job.items.filter((item) => item.result?.positive === true).length)
  const left = uploads.length - refused
  const notKept = uploads.filter((u) => u.state !== 'refused' && u.isKept === false).length
  const held = hold && { paused: text.paused, offline: text.offline, busy: text.busy }[hold]

  return (
    <section aria-label={text.summary.label} className="pt-4">
      <div role="status" className="flex flex-wrap gap-x-4">
        <span className="font-medium">{text.summary.of(done, total)}</span>
        {above > 0 && <span className="text-suspicion">{text.summary.above(above)}</span>}
        {rejected > 0 && <span className="text-muted">{text.summary.rejected(rejected)}</span>}
        {failed > 0 && <span className="text-muted">{text.summary.failed(failed)}</span>}
        {left > 0 && <span className="text-muted">{text.summary.left(left)}</span>}
        {held !== null && <span>{held}</span>}
        {notKept > 0 && <span>{text.notKept(films(notKept))}</span>}
      </div>
      <progress
        aria-label={text.summary.label}
        value={done}
        max={Math.max(1, total)}
        className="progress mt-2 block h-1 w-full"
      />
    </section>
  )
}
