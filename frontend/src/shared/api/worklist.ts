import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query'

import { bodyOf, client } from './client'
import { isFinal, type ItemState, type Priority, type Worklist, type WorklistSort } from './wire'

/** What the worklist shows, in the service's own words. */
export interface WorklistFilter {
  state?: ItemState
  positive?: boolean
  priority?: Priority
  sort?: WorklistSort
}

const PAGE_ROWS = 200

async function getWorklist(
  filter: WorklistFilter,
  cursor: string | null,
  signal: AbortSignal,
): Promise<Worklist> {
  return bodyOf(
    await client.GET('/v1/jobs', {
      params: { query: { ...filter, limit: PAGE_ROWS, ...(cursor !== null && { cursor }) } },
      signal,
    }),
  )
}

export const worklistQuery = (filter: WorklistFilter) =>
  infiniteQueryOptions({
    queryKey: ['worklist', filter] as const,
    queryFn: ({ pageParam, signal }) => getWorklist(filter, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    select: (data) => data.pages.flatMap((page) => page.rows),
  })

/** The films that match, followed by asking again: sooner while some are open. */
export const useWorklist = (filter: WorklistFilter, { enabled = true } = {}) =>
  useInfiniteQuery({
    ...worklistQuery(filter),
    enabled,
    refetchInterval: ({ state }) => {
      const pages = state.data?.pages ?? []
      const open = pages.some((page) => page.rows.some((row) => !isFinal(row.item.state)))
      // Every page is asked for again, so a long list is asked for less often.
      return (open ? 2_000 : 6_000) * Math.max(1, pages.length)
    },
  })
