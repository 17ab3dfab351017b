import { useMutation, useQueryClient } from '@tanstack/react-query'

import { bodyOf, client } from './client'
import { jobQuery } from './job'
import type { Job } from './wire'

/** Cancel the queued and running items of a job; results that exist stay. */
async function cancelJob(id: string): Promise<Job> {
  return bodyOf(await client.POST('/v1/jobs/{job_id}/cancel', { params: { path: { job_id: id } } }))
}

export function useCancelJob() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: cancelJob,
    onSuccess: (job) => {
      queries.setQueryData(jobQuery(job.id).queryKey, job)
      return queries.invalidateQueries({ queryKey: ['worklist'] })
    },
  })
}
