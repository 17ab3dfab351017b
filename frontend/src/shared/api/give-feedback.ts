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

/** Says of a film's result whether it is right. What was said before stays; the last counts. */
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
      // Not waited for: what was said is kept, and the form can go.
      void queries.invalidateQueries({ queryKey: ['worklist'] })
    },
  })
}
