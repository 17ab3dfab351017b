import { useMutation, useQueryClient } from '@tanstack/react-query'

import { client } from './client'
import { jobQuery } from './job'

/** Erase a job's films, pictures and results. */
async function eraseJob(id: string): Promise<string> {
  await client.DELETE('/v1/jobs/{job_id}', { params: { path: { job_id: id } } })
  return id
}

export function useEraseJob() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: eraseJob,
    onSuccess: (id) => {
      queries.removeQueries({ queryKey: jobQuery(id).queryKey })
      // Nor may the erased pictures stay in this browser.
      queries.removeQueries({
        predicate: ({ queryKey: [kind, path] }) =>
          kind === 'grey-picture' && typeof path === 'string' && path.includes(id),
      })
      return queries.invalidateQueries({ queryKey: ['worklist'] })
    },
  })
}
