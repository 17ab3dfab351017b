import createClient, { type Middleware } from 'openapi-fetch'

import type { paths } from '@/api/schema'

import { parseProblem, parseRetryAfter, ServiceRefused, ServiceUnreachable } from './errors'

const failures: Middleware = {
  async onResponse({ response }) {
    if (response.ok || response.status === 304) return
    throw await refusal(response)
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === 'AbortError') return
    return new ServiceUnreachable('no answer', { cause: error })
  },
}

/** Client of the service. Throws `ServiceRefused` or `ServiceUnreachable`; never returns an error. */
export const client = createClient<paths>({
  baseUrl: window.location.origin,
  fetch: (request) => fetch(request),
})
client.use(failures)

/** Return the body of a successful response. */
export function bodyOf<T>(answer: { data?: T }): T {
  // The middleware throws on every failure, which the types of openapi-fetch do not tell.
  return answer.data as T
}

/** Fetch something that is not JSON. Throws the client's errors. */
export async function fetchPath(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response
  try {
    response = await fetch(new URL(path, window.location.origin), init)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ServiceUnreachable('no answer', { cause: error })
  }
  if (!response.ok) throw await refusal(response)
  return response
}

async function refusal(response: Response): Promise<ServiceRefused> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => null)
  return new ServiceRefused(
    response.status,
    parseProblem(body),
    parseRetryAfter(response.headers.get('Retry-After')),
  )
}
