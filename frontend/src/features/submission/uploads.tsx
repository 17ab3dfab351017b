import { useQueryClient } from '@tanstack/react-query'
import {
  createContext,
  use,
  useCallback,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
  type ReactNode,
} from 'react'
import { useLocation } from 'wouter'

import { jobQuery } from '@/shared/api/job'
import { askWhoThisIs } from '@/shared/api/session'
import { submitFilms } from '@/shared/api/submit-films'
import { jobsPlace } from '@/shared/lib/places'

import { UploadQueue, type JobOptions } from './upload-queue'

interface Uploads {
  queue: UploadQueue
  options: JobOptions
  setOptions: (options: JobOptions) => void
  /** Queues files and shows how they go. */
  submit: (files: readonly File[]) => void
}

const Context = createContext<Uploads | null>(null)

/** Holds the queue above the pages, so that it goes on whichever is open. */
export function UploadsProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient()
  const [queue] = useState(
    () =>
      new UploadQueue({
        submit: (submission, sending) =>
          submitFilms(submission, sending).catch((error: unknown) => {
            askWhoThisIs(queries, error)
            throw error
          }),
        onAccepted: (job) => {
          queries.setQueryData(jobQuery(job.id).queryKey, job)
          void queries.invalidateQueries({ queryKey: ['worklist'] })
        },
      }),
  )
  const [options, setOptions] = useState<JobOptions>({ priority: 'routine', reference: '' })
  const [location, navigate] = useLocation()
  const isOnSubmission = isSubmissionPlace(location)

  // The address names every accepted job, so that a reload shows them again.
  useEffect(
    () =>
      queue.subscribe(() => {
        const place = jobsPlace(queue.snapshot().jobIds)
        const here = window.location.pathname
        if (isSubmissionPlace(here) && here !== place && queue.snapshot().jobIds.length > 0) {
          navigate(place, { replace: true })
        }
      }),
    [queue, navigate],
  )

  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      const unsent = queue.snapshot().uploads.some((upload) => upload.state !== 'refused')
      if (unsent) event.preventDefault()
    }
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [queue])

  const submit = useCallback(
    (files: readonly File[]) => {
      if (files.length === 0) return
      const isIdle = !queue.snapshot().uploads.some((upload) => upload.state !== 'refused')
      if (!isOnSubmission && isIdle) queue.startOver()
      void queue.add(files, options)
      navigate(jobsPlace(queue.snapshot().jobIds), { replace: isOnSubmission })
    },
    [queue, options, navigate, isOnSubmission],
  )

  const value = useMemo(() => ({ queue, options, setOptions, submit }), [queue, options, submit])
  return <Context value={value}>{children}</Context>
}

export function useUploads(): Uploads {
  const uploads = use(Context)
  if (uploads === null) throw new Error('useUploads outside UploadsProvider')
  return uploads
}

export function useUploadState() {
  const { queue } = useUploads()
  return useSyncExternalStore(queue.subscribe, queue.snapshot)
}

const isSubmissionPlace = (path: string) => path === '/submit' || /^\/jobs\/[^/]+$/.test(path)
