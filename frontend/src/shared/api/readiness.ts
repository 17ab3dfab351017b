import { queryOptions, useQuery, type QueryClient } from '@tanstack/react-query'

import type { components } from '@/api/schema'

import { ServiceUnreachable } from './errors'

export type Readiness = components['schemas']['Readiness']

/** Get the state of each dependency of the service. Not ready (503) is an answer, not an error. */
async function getReadiness(signal: AbortSignal): Promise<Readiness> {
  const response = await fetch('/readyz', { signal }).catch((error: unknown) => {
    throw new ServiceUnreachable('no answer', { cause: error })
  })
  if (response.status !== 200 && response.status !== 503) {
    throw new ServiceUnreachable(`HTTP ${response.status}`)
  }
  return (await response.json()) as Readiness
}

export const readinessQuery = () =>
  queryOptions({
    queryKey: ['readiness'] as const,
    queryFn: ({ signal }) => getReadiness(signal),
    refetchInterval: ({ state }) => (state.status === 'error' ? 3_000 : 10_000),
    retry: false,
  })

/** Refresh the service state in the header after a page found the service unreachable. */
export function refreshReadiness(queries: QueryClient, error: unknown): void {
  const { queryKey } = readinessQuery()
  const isKnown = queries.getQueryState(queryKey)?.status === 'error'
  if (error instanceof ServiceUnreachable && !isKnown) {
    void queries.invalidateQueries({ queryKey })
  }
}

export const useReadiness = () => useQuery(readinessQuery())
