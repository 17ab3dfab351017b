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

/** Exchange a key for a session cookie that scripts cannot read. */
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
    // Refreshed after any 401.
    staleTime: Infinity,
    gcTime: Infinity,
  })

/** Refresh the session after a 401. */
export function refreshSession(queries: QueryClient, error: unknown): void {
  if (error instanceof ServiceRefused && error.status === 401) {
    void queries.invalidateQueries({ queryKey: sessionQuery().queryKey })
  }
}

/** The session of this browser. */
export const useSession = () => useQuery(sessionQuery())

/** True if a key is needed and none was given. */
export const isSignedOut = (session: Session) => session.keys_needed && session.name === null

export function useSignIn() {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: signIn,
    onSuccess: (session) => {
      // Anything cached was refused, or belongs to another person.
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
      // No picture or name of a patient may stay in this browser after the session.
      forget(queries)
    },
  })
}

function forget(queries: QueryClient): void {
  queries.removeQueries({ predicate: ({ queryKey: [kind] }) => kind !== 'session' })
  setSearchText('')
}
