import { queryOptions } from '@tanstack/react-query'

import { bodyOf, client } from './client'
import type { Job } from './wire'

/** Get a job with its items. */
export async function getJob(id: string, signal?: AbortSignal): Promise<Job> {
  const answer = await client.GET('/v1/jobs/{job_id}', {
    params: { path: { job_id: id } },
    ...(signal && { signal }),
  })
  return bodyOf(answer)
}

export const jobQuery = (id: string) =>
  queryOptions({
    queryKey: ['job', id] as const,
    queryFn: ({ signal }) => getJob(id, signal),
  })
