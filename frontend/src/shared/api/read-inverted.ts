import { useMutation, useQueryClient } from '@tanstack/react-query'

import { randomKey } from '@/shared/lib/random-key'

import { fetchFilmFile } from './film-file'
import { submitFilms } from './submit-films'
import type { Item, Job } from './wire'

/** Submit a film again, to be read with black and white exchanged. */
async function readInverted({ item, job }: { item: Item; job: Job | undefined }): Promise<Job> {
  const submission = {
    files: [await fetchFilmFile(item)],
    priority: job?.priority ?? 'routine',
    reference: job?.reference ?? '',
    photometric: 'inverted',
    idempotencyKey: randomKey(),
  } as const
  const options = { onProgress: () => undefined, signal: new AbortController().signal }
  return submitFilms(submission, options)
}

export function useReadInverted() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: readInverted,
    onSuccess: () => queries.invalidateQueries({ queryKey: ['worklist'] }),
  })
}
