import type { QueryClient } from '@tanstack/react-query'

import { sessionQuery } from '@/shared/api/session'
import { worklistQuery } from '@/shared/api/worklist'
import { sleep } from '@/shared/lib/coalesced'
import { readFilter } from '@/shared/lib/paths'

/** A service that is slower than this does not keep the page from being drawn without it. */
const PATIENCE_MS = 250

/**
 * Asks for what the first page will show before anything of it is made. Mostly it is there by then,
 * and the page is drawn once and not twice.
 */
export async function askEarly(queries: QueryClient, { pathname, search }: Location) {
  const session = queries.query(sessionQuery()).catch(leaveToPage)
  if (pathname !== '/') return
  const filter = readFilter(new URLSearchParams(search))
  const worklist = queries.infiniteQuery(worklistQuery(filter)).catch(leaveToPage)
  await Promise.race([Promise.all([session, worklist]), sleep(PATIENCE_MS)])
}

/** The page finds the error with the query, and says what is to be said. */
const leaveToPage = () => undefined
