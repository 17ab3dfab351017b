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

import { jobsPath } from '@/shared/lib/paths'

import type { UnsentFilm } from './queue/film-store'
import { makeQueue } from './queue/make-queue'
import type { JobOptions, UploadQueue } from './queue/upload-queue'
import { useUnsentFilms } from './queue/use-unsent-films'

interface Uploads {
  queue: UploadQueue
  options: JobOptions
  setOptions: (options: JobOptions) => void
  /** Queue files and open the submission page. */
  submit: (files: readonly File[]) => void
  /** Unsent films of closed pages. */
  unsent: readonly UnsentFilm[]
  sendUnsent: () => void
  discardUnsent: () => void
  /** Erase all unsent films, in all pages of this browser. */
  dropAll: () => void
}

const Context = createContext<Uploads | null>(null)

/** Holds the upload queue above the pages, so that it works whichever is open. */
export function UploadsProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient()
  const [{ page, kept, queue }] = useState(() => makeQueue(queries))
  const clear = useCallback(() => queue.clear(), [queue])
  const { unsent, take, dismiss, dropAll } = useUnsentFilms({ page, kept, onDrop: clear })
  const [options, setOptions] = useState<JobOptions>({ priority: 'routine', reference: '' })
  const [location, navigate] = useLocation()
  const isOnSubmission = isSubmissionPath(location)

  // The address lists the accepted jobs, so that a reload shows them again.
  useEffect(
    () =>
      queue.subscribe(() => {
        const place = jobsPath(queue.snapshot().jobIds)
        const here = window.location.pathname
        if (isSubmissionPath(here) && here !== place && queue.snapshot().jobIds.length > 0) {
          navigate(place, { replace: true })
        }
      }),
    [queue, navigate],
  )

  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      const isLost = queue
        .snapshot()
        .uploads.some((upload) => upload.state !== 'refused' && upload.isKept !== true)
      if (isLost) event.preventDefault()
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
      navigate(jobsPath(queue.snapshot().jobIds), { replace: isOnSubmission })
    },
    [queue, options, navigate, isOnSubmission],
  )

  const sendUnsent = useCallback(() => {
    void take().then((films) => {
      queue.takeUp(films)
      navigate(jobsPath(queue.snapshot().jobIds))
    })
  }, [queue, take, navigate])
  const value = useMemo(
    () => ({
      queue,
      options,
      setOptions,
      submit,
      unsent,
      sendUnsent,
      discardUnsent: dismiss,
      dropAll,
    }),
    [queue, options, submit, unsent, sendUnsent, dismiss, dropAll],
  )
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

const isSubmissionPath = (path: string) => path === '/submit' || /^\/jobs\/[^/]+$/.test(path)
