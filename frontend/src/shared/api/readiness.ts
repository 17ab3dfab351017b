import { queryOptions, useQuery } from '@tanstack/react-query'

import type { components } from '@/api/schema'

import { ServiceUnreachable } from './errors'

export type Readiness = components['schemas']['Readiness']

/** Each dependency of the service by name. Not ready is an answer (503), not an error. */
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
    refetchInterval: 10_000,
    retry: false,
  })

export const useReadiness = () => useQuery(readinessQuery())
