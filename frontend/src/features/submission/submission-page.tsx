import { ListRestart, Pause, Play, RotateCcw, X } from 'lucide-react'
import { useEffect } from 'react'
import { Link, useLocation } from 'wouter'

import { useCancelJob } from '@/shared/api/cancel-job'
import { useFollowedJobs } from '@/shared/api/followed-jobs'
import { isFinished, type Job } from '@/shared/api/wire'
import { useMessages } from '@/shared/i18n/language'
import { submitPath, worklistPath } from '@/shared/lib/paths'
import { Button, buttonClasses } from '@/shared/ui/button'
import { Disclaimer } from '@/shared/ui/disclaimer'
import { Failure } from '@/shared/ui/failure'
import { Refusal } from '@/shared/ui/refusal'

import { DropZone } from './drop-zone'
import { FilmRows, type Row } from './film-rows'
import { Progress } from './progress'
import { retryableFilms, useRetryFilms } from './retry-films'
import { isRetryable, type Upload } from './queue/upload-queue'
import { useUploads, useUploadState } from './uploads'

/** A submission: items of its jobs, then files that are not sent yet. */
export function SubmissionPage({ jobIds }: { jobIds: readonly string[] }) {
  const messages = useMessages()
  const text = messages.submit
  const { queue } = useUploads()
  const { uploads, hold } = useUploadState()
  const [, navigate] = useLocation()

  const address = jobIds.join(',')
  useEffect(() => queue.adopt(address === '' ? [] : address.split(',')), [queue, address])

  const jobs = useFollowedJobs(jobIds)
  const cancelJob = useCancelJob()
  const known = jobs.flatMap(({ data }) => (data ? [data] : []))
  const failed = jobs.find((job) => job.error !== null && job.data === undefined)

  const rows = rowsOf(known, uploads)
  const open = known.filter((job) => !isFinished(job))
  const unsent = uploads.filter((upload) => upload.state !== 'refused')
  const retryFilms = useRetryFilms()
  const brokenOff = retryableFilms(known)
  // Not while files are being sent: they may be the failed ones.
  const canRetryFilms = brokenOff.length > 0 && unsent.length === 0
  const canRetry = uploads.some(isRetryable) || canRetryFilms

  const retry = () => {
    queue.retry()
    if (canRetryFilms) retryFilms.mutate(brokenOff)
  }
  const cancelRest = () => {
    queue.cancel()
    open.forEach((job) => cancelJob.mutate(job.id))
  }
  const startOver = () => {
    queue.startOver()
    navigate(submitPath)
  }

  return (
    <main
      id="content"
      tabIndex={-1}
      className="flex min-h-0 flex-1 flex-col overflow-y-auto outline-none"
    >
      <div className="mx-auto flex w-full max-w-5xl flex-1 flex-col md:min-h-0 px-4 pt-6 md:px-6">
        <h1 className="text-xl font-semibold">{text.title}</h1>
        <DropZone isCompact={rows.length > 0 || jobIds.length > 0} />
        {failed?.error && (
          <Failure
            error={failed.error}
            retry={() => void failed.refetch()}
            className="flex-none py-8"
          />
        )}
        {rows.length > 0 && (
          <>
            <Progress jobs={known} uploads={uploads} hold={hold} />
            <div className="flex flex-wrap gap-2 py-3">
              {unsent.length > 0 &&
                (hold === 'paused' ? (
                  <Button icon={Play} onClick={() => queue.resume()}>
                    {text.resume}
                  </Button>
                ) : (
                  <Button icon={Pause} onClick={() => queue.pause()}>
                    {text.pause}
                  </Button>
                ))}
              {(unsent.length > 0 || open.length > 0) && (
                <Button icon={X} onClick={cancelRest}>
                  {text.cancel}
                </Button>
              )}
              {canRetry && (
                <Button icon={RotateCcw} disabled={retryFilms.isPending} onClick={retry}>
                  {text.retry}
                </Button>
              )}
              {unsent.length === 0 && (
                <Button icon={ListRestart} onClick={startOver}>
                  {text.startOver}
                </Button>
              )}
              <Link href={worklistPath()} className={buttonClasses('quiet')}>
                {text.worklist}
              </Link>
            </div>
            {retryFilms.error && <Refusal notDone={text.notRetried} error={retryFilms.error} />}
            <FilmRows rows={rows} jobIds={jobIds} />
          </>
        )}
        <Disclaimer className="mt-auto py-3" />
      </div>
    </main>
  )
}

function rowsOf(jobs: readonly Job[], uploads: readonly Upload[]): Row[] {
  return [
    ...jobs.flatMap((job) => job.items.map((item): Row => ({ kind: 'item', job, item }))),
    ...uploads.map((upload): Row => ({ kind: 'upload', upload })),
  ]
}
