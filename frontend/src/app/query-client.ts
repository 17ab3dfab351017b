import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'

import { ServiceRefused } from '@/shared/api/errors'
import { refreshReadiness } from '@/shared/api/readiness'
import { refreshSession } from '@/shared/api/session'

const MAX_RETRY_DELAY_MS = 10_000

export function queryClient(): QueryClient {
  // A key or session that ends while pages are open shows as a 401 of their next request.
  const onError = (error: Error): void => {
    refreshSession(queries, error)
    refreshReadiness(queries, error)
  }
  const queries: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        // The service is usually on the same machine or network: being offline does not matter.
        networkMode: 'always',
        staleTime: 1_000,
        retry: (failures, error) =>
          failures < 2 && !(error instanceof ServiceRefused && !error.isTemporary),
        retryDelay: (failures) => Math.min(500 * 2 ** failures, MAX_RETRY_DELAY_MS),
        // A failed query is repeated, as the notice says.
        refetchInterval: ({ state }) =>
          state.status === 'error' && !isFinalError(state.error) ? 5_000 : false,
      },
      mutations: { networkMode: 'always' },
    },
  })
  return queries
}

const isFinalError = (error: Error | null) => error instanceof ServiceRefused && !error.isTemporary
