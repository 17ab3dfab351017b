import { useMutation } from '@tanstack/react-query'

import { fetchFilmFile } from '@/shared/api/film-file'
import type { Item, Job } from '@/shared/api/wire'
import type { ErrorCode } from '@/shared/lib/codes'

import { useUploads } from './uploads'

/** Errors of the analysis, not of the film: a second attempt may succeed. */
const RETRYABLE_ERRORS: readonly ErrorCode[] = ['worker_lost', 'timeout', 'internal_error']

/** Failed items that can be submitted again unchanged, and were not yet. */
export function retryableFilms(jobs: readonly Job[]): { job: Job; items: Item[] }[] {
  const items = jobs.flatMap((job) => job.items)
  const underWay = new Set(
    items.filter(({ state }) => state !== 'failed').map(({ sha256 }) => sha256),
  )
  const isRetryable = ({ error, links, sha256 }: Item) =>
    error !== null &&
    RETRYABLE_ERRORS.some((code) => code === error.code) &&
    links.upload !== null &&
    !underWay.has(sha256)
  return jobs
    .map((job) => ({ job, items: job.items.filter(isRetryable) }))
    .filter((part) => part.items.length > 0)
}

/** Submit failed films again from the service's copy: the browser no longer has their files. */
export function useRetryFilms() {
  const { queue } = useUploads()
  return useMutation({
    mutationFn: async (films: ReturnType<typeof retryableFilms>) => {
      for (const { job, items } of films) {
        const files = await Promise.all(items.map(fetchFilmFile))
        await queue.add(files, { priority: job.priority, reference: job.reference ?? '' })
      }
    },
  })
}
