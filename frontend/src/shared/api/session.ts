import {
  queryOptions,
  useMutation,
  useQuery,
  useQueryClient,
  type QueryClient,
} from '@tanstack/react-query'

import { setSearchText } from '@/shared/lib/search-text'

import { bodyOf, client } from './client'
import { ServiceRefused } from './errors'
import type { Session } from './wire'

async function getSession(signal: AbortSignal): Promise<Session> {
  return bodyOf(await client.GET('/v1/session', { signal }))
}

/** Shows a key once; the browser keeps a cookie that no script can read. */
async function signIn(key: string): Promise<Session> {
  return bodyOf(await client.POST('/v1/session', { body: { key } }))
}

async function signOut(): Promise<void> {
  await client.DELETE('/v1/session')
}

export const sessionQuery = () =>
  queryOptions({
    queryKey: ['session'] as const,
    queryFn: ({ signal }) => getSession(signal),
    // A 401 anywhere asks for it again.
    staleTime: Infinity,
    gcTime: Infinity,
  })

/** Where the service refused because it does not know who asks, ask it whether we are signed in. */
export function refreshSession(queries: QueryClient, error: unknown): void {
  if (error instanceof ServiceRefused && error.status === 401) {
    void queries.invalidateQueries({ queryKey: sessionQuery().queryKey })
  }
}

/** Whose browser this is, as far as the service knows. */
export const useSession = () => useQuery(sessionQuery())

/** Whether nothing can be shown before a key is. */
export const isSignedOut = (session: Session) => session.keys_needed && session.name === null

export function useSignIn() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: signIn,
    onSuccess: (session) => {
      // What was asked for without a session was refused, or is another person's.
      forget(queries)
      queries.setQueryData(sessionQuery().queryKey, session)
    },
  })
}

export function useSignOut() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: signOut,
    onSuccess: () => {
      queries.setQueryData(
        sessionQuery().queryKey,
        (before) => before && { ...before, keys_needed: true, name: null, scopes: [] },
      )
      // Pictures and names of patients do not outlive the session in this browser.
      forget(queries)
    },
  })
}

function forget(queries: QueryClient): void {
  queries.removeQueries({ predicate: ({ queryKey: [kind] }) => kind !== 'session' })
  setSearchText('')
}
