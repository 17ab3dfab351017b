import { useVirtualizer } from '@tanstack/react-virtual'
import { ChevronRight, CircleAlert, X } from 'lucide-react'
import { useRef } from 'react'
import { Link } from 'wouter'

import type { Item, Job } from '@/shared/api/wire'
import type { Messages } from '@/shared/i18n/en'
import { useLanguage, useMessages } from '@/shared/i18n/language'
import { explainError, explainReason } from '@/shared/lib/explain'
import { bytes, duration } from '@/shared/lib/figures'
import { filmPath } from '@/shared/lib/paths'
import { serviceNow } from '@/shared/lib/service-clock'
import { useRem } from '@/shared/lib/use-rem'
import { IconButton } from '@/shared/ui/button'
import { ItemStateLabel } from '@/shared/ui/item-state'
import { Score } from '@/shared/ui/score'

import type { Upload } from './queue/upload-queue'
import { useUploads } from './uploads'

export type Row = { kind: 'item'; job: Job; item: Item } | { kind: 'upload'; upload: Upload }

const keyOf = (row: Row) =>
  row.kind === 'item' ? `${row.job.id}/${row.item.index}` : `upload ${row.upload.id}`

/** Minimum height; rows are measured. */
const ROW_REM = 3

/** One row per film; only visible rows are in the document. */
export function FilmRows({ rows, jobIds }: { rows: readonly Row[]; jobIds: readonly string[] }) {
  const { submit: text } = useMessages()
  const scroller = useRef<HTMLDivElement>(null)
  const rowPx = useRem(ROW_REM)
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    getItemKey: (index) => {
      const row = rows[index]
      return row ? keyOf(row) : index
    },
    overscan: 8,
  })
  return (
    <div ref={scroller} className="min-h-72 flex-1 basis-72 overflow-y-auto border-t border-line">
      <ul
        aria-label={text.files}
        className="relative"
        style={{ height: virtualizer.getTotalSize() }}
      >
        {virtualizer.getVirtualItems().map((place) => {
          const row = rows[place.index]
          if (row === undefined) return null
          return (
            <li
              key={place.key}
              ref={virtualizer.measureElement}
              data-index={place.index}
              aria-setsize={rows.length}
              aria-posinset={place.index + 1}
              className="absolute inset-x-0 top-0 border-b border-line"
              style={{ transform: `translateY(${place.start}px)` }}
            >
              {row.kind === 'item' ? (
                <ItemRow row={row} jobIds={jobIds} />
              ) : (
                <UploadRow upload={row.upload} />
              )}
            </li>
          )
        })}
      </ul>
    </div>
  )
}

const LINE =
  'relative grid min-h-12 grid-cols-[minmax(0,1fr)_9rem_2rem] md:grid-cols-[minmax(0,1fr)_18rem_2rem] items-center gap-x-4 px-2 py-2'

function ItemRow({
  row: { job, item },
  jobIds,
}: {
  row: Extract<Row, { kind: 'item' }>
  jobIds: readonly string[]
}) {
  const messages = useMessages()
  const reason = item.result?.reasons[0]
  const explanation = item.error
    ? explainError(messages, item.error.code, item.error.detail)
    : reason && explainReason(messages, reason.code, reason.detail)
  const ahead = item.state === 'queued' ? job.queue_position : null

  return (
    <div className={`${LINE} hover:bg-raised`}>
      <Link
        href={filmPath(job.id, item.index, { kind: 'jobs', ids: jobIds })}
        className="truncate after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-ink"
        title={item.filename}
      >
        {item.filename}
      </Link>
      {item.state === 'succeeded' && item.result ? (
        <Score result={item.result} />
      ) : (
        <ItemStateLabel
          state={item.state}
          {...(ahead !== null &&
            ahead > 1 && { text: messages.submit.position(ahead - 1, startsIn(job, messages)) })}
        />
      )}
      <ChevronRight aria-hidden size="1rem" className="justify-self-center text-muted" />
      {explanation && (
        <p className="col-span-2 text-muted">
          <span className="text-ink">{explanation.what}</span> {explanation.action}
        </p>
      )}
    </div>
  )
}

/** Time until the estimated start of a job; null if unknown. */
function startsIn({ estimated_start: start }: Job, { worklist }: Messages): string | null {
  if (start === null) return null
  return duration(Math.max(0, Date.parse(start) - serviceNow()), worklist.units)
}

function UploadRow({ upload }: { upload: Upload }) {
  const messages = useMessages()
  const text = messages.submit
  const language = useLanguage()
  const { queue } = useUploads()
  const { file, error } = upload
  const explanation = error && explainError(messages, error.code, error.detail)
  const share = Math.round(upload.sent * 100)

  return (
    <div className={LINE}>
      <p className="flex min-w-0 items-baseline gap-3">
        <span className="truncate" title={file.name}>
          {file.name}
        </span>
        <span className="shrink-0 text-muted max-sm:hidden">{bytes(file.size, language)}</span>
      </p>
      {upload.state === 'refused' ? (
        <span className="inline-flex items-center gap-2">
          <CircleAlert aria-hidden size="1rem" className="text-muted" />
          {text.notSent}
        </span>
      ) : upload.state === 'sending' && upload.isArchive && share === 100 ? (
        <span className="text-muted">{text.opening}</span>
      ) : upload.state === 'sending' ? (
        <span className="flex items-center gap-3">
          <progress
            aria-label={text.uploading}
            value={share}
            max={100}
            className="progress h-1 flex-1"
          />
          <span className="w-14 text-right text-muted">{share} %</span>
        </span>
      ) : (
        <span className="text-muted">{text.waiting}</span>
      )}
      {upload.state === 'refused' ? (
        <IconButton
          label={text.remove(file.name)}
          icon={X}
          onClick={() => queue.remove(upload.id)}
        />
      ) : (
        <span />
      )}
      {explanation && (
        <p className="col-span-2 text-muted">
          <span className="text-ink">{explanation.what}</span> {explanation.action}
        </p>
      )}
      {error && error.inside.length > 0 && (
        <ul className="col-span-2 list-disc pl-5 text-muted">
          {error.inside.map(({ code, detail }) => {
            const { what, action } = explainError(messages, code, detail)
            return (
              <li key={code}>
                {what} {action}
              </li>
            )
          })}
        </ul>
      )}
    </div>
  )
}
