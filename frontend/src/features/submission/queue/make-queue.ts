import type { QueryClient } from '@tanstack/react-query'

import { jobQuery } from '@/shared/api/job'
import { refreshReadiness } from '@/shared/api/readiness'
import { refreshSession, sessionQuery } from '@/shared/api/session'
import { submitFilms } from '@/shared/api/submit-films'

import { FilmStore } from './film-store'
import { UploadQueue } from './upload-queue'

/** A page's queue, and what keeps its films until they are sent. */
export function makeQueue(queries: QueryClient) {
  // Only to tell this page from the others of this browser. Nobody need be kept from guessing it, and
  // Chromium takes a tenth of a second over its first secret number, while the page is still empty.
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
