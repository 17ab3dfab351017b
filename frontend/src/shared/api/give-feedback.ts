import { useMutation, useQueryClient } from '@tanstack/react-query'

import { bodyOf, client } from './client'
import { jobQuery } from './job'
import type { Feedback, NewFeedback } from './wire'

async function giveFeedback(id: string, index: number, feedback: NewFeedback): Promise<Feedback> {
  const path = { job_id: id, index }
  return bodyOf(
    await client.POST('/v1/jobs/{job_id}/items/{index}/feedback', {
      params: { path },
      body: feedback,
    }),
  )
}

/** Give an opinion on a film's result. Earlier opinions are kept; the last one counts. */
export function useGiveFeedback(id: string, index: number) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (feedback: NewFeedback) => giveFeedback(id, index, feedback),
    onSuccess: (feedback) => {
      queries.setQueryData(
        jobQuery(id).queryKey,
        (job) =>
          job && {
            ...job,
            items: job.items.map((item) => (item.index === index ? { ...item, feedback } : item)),
          },
      )
      // Not awaited: the opinion is stored, so the form can close.
      void queries.invalidateQueries({ queryKey: ['worklist'] })
    },
  })
}
