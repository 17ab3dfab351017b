import { useQueries, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'

import { jobEvents } from './job-events'
import { getJob, jobQuery } from './job'
import { isFinished, type Job } from './wire'

const POLL_MS = 2_000
const RETRY_STREAM_MS = 10_000

/**
 * Follow several jobs.
 *
 * Only the first unfinished one is followed by events: a browser opens six connections to a host,
 * and the uploads need some. The others are polled, and so is the first while its events are away.
 */
export function useFollowedJobs(ids: readonly string[]) {
  const queries = useQueryClient()
  const [streaming, setStreaming] = useState<string | null>(null)
  const results = useQueries({
    queries: ids.map((id) => ({
      ...jobQuery(id),
      refetchInterval: (query: { state: { data: Job | undefined; status: string } }) => {
        const job = query.state.data
        if (job !== undefined && isFinished(job)) return false
        return streaming === id ? false : POLL_MS
      },
    })),
  })

  const first = results.map((result) => result.data).find((job) => job && !isFinished(job))
  const followed = first?.id
  useEffect(() => {
    if (followed === undefined) return
    const stop = new AbortController()
    const isStopped = () => stop.signal.aborted
    void follow(followed, stop.signal)
    return () => {
      stop.abort()
      setStreaming(null)
    }

    async function follow(id: string, signal: AbortSignal) {
      while (!isStopped()) {
        try {
          const job = queries.getQueryData(jobQuery(id).queryKey) ?? (await getJob(id, signal))
          for await (const event of jobEvents(job, signal)) {
            setStreaming(id)
            queries.setQueryData(jobQuery(id).queryKey, event)
          }
        } catch {
          // From now on the query polls, and shows the error if that fails too.
        }
        if (isStopped()) return
        setStreaming(null)
        await new Promise((resolve) => setTimeout(resolve, RETRY_STREAM_MS))
      }
    }
  }, [followed, queries])

  return results
}
