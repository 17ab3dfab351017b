import type { QueryClient } from '@tanstack/react-query'

import { sessionQuery } from '@/shared/api/session'
import { worklistQuery } from '@/shared/api/worklist'
import { sleep } from '@/shared/lib/coalesced'
import { readFilter } from '@/shared/lib/paths'

/** Longest time that the first drawing waits for the service. */
const MAX_WAIT_MS = 250

/**
 * Request the first page's data before the page is built. It usually arrives by then, so the page
 * is drawn once instead of twice.
 */
export async function askEarly(queries: QueryClient, { pathname, search }: Location) {
  const session = queries.query(sessionQuery()).catch(leaveToPage)
  if (pathname !== '/') return
  const filter = readFilter(new URLSearchParams(search))
  const worklist = queries.infiniteQuery(worklistQuery(filter)).catch(leaveToPage)
  await Promise.race([Promise.all([session, worklist]), sleep(MAX_WAIT_MS)])
}

/** Ignored here: the page finds the same error in its query and shows it. */
const leaveToPage = () => undefined
