import { queryOptions, useQuery } from '@tanstack/react-query'

import { bodyOf, client } from './client'

/** The model card: the manifest of the artefact, unvalidated. */
export type ModelCard = Record<string, unknown>

async function getModel(signal: AbortSignal): Promise<ModelCard> {
  return bodyOf(await client.GET('/v1/model', { signal }))
}

export const modelQuery = () =>
  queryOptions({
    queryKey: ['model'] as const,
    queryFn: ({ signal }) => getModel(signal),
    staleTime: 60_000,
  })

export const useModel = () => useQuery(modelQuery())
