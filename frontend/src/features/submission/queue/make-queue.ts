import type { QueryClient } from '@tanstack/react-query'

import { jobQuery } from '@/shared/api/job'
import { refreshReadiness } from '@/shared/api/readiness'
import { refreshSession, sessionQuery } from '@/shared/api/session'
import { submitFilms } from '@/shared/api/submit-films'

import { FilmStore } from './film-store'
import { UploadQueue } from './upload-queue'

/** Make a page's upload queue, and the store of its unsent films. */
export function makeQueue(queries: QueryClient) {
  // Distinguishes this page from the browser's others. It need not be secret, and Chromium takes
  // 0.1 s for its first secure random number, while the page is still empty.
  const page = `${Date.now()}-${Math.random()}`
  const kept = new FilmStore(page)
  const queue = new UploadQueue({
    keeper: {
      keep: (upload) =>
        kept.keep(upload, queries.getQueryData(sessionQuery().queryKey)?.name ?? null),
      assign: (ids, batch) => kept.assign(ids, batch),
      forget: (ids) => kept.forget(ids),
    },
    submit: (submission, sending) =>
      submitFilms(submission, sending).catch((error: unknown) => {
        refreshSession(queries, error)
        refreshReadiness(queries, error)
        throw error
      }),
    limits: () => queries.getQueryData(sessionQuery().queryKey)?.limits ?? null,
    onAccepted: (job) => {
      queries.setQueryData(jobQuery(job.id).queryKey, job)
      void queries.invalidateQueries({ queryKey: ['worklist'] })
    },
  })
  return { page, kept, queue }
}
