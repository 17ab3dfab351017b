import { queryOptions, useQuery } from '@tanstack/react-query'

import { bodyOf, client } from './client'
import type { Drift } from './wire'

async function getDrift(days: number, signal: AbortSignal): Promise<Drift> {
  return bodyOf(await client.GET('/v1/model/drift', { params: { query: { days } }, signal }))
}

export const driftQuery = (days: number) =>
  queryOptions({
    queryKey: ['drift', days] as const,
    queryFn: ({ signal }) => getDrift(days, signal),
    // The service counts every film of four weeks: too much work for each visit.
    staleTime: 60_000,
  })

export const useDrift = (days: number) => useQuery(driftQuery(days))
