import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'

import { setServiceClock } from '@/shared/lib/service-clock'

import { bodyOf, client } from './client'
import { isFinal, type ItemState, type Priority, type Worklist, type WorklistSort } from './wire'
import { useWorklistEvents } from './worklist-events'

/** Filter and order of the worklist, as the service names them. */
export interface WorklistFilter {
  state?: ItemState
  positive?: boolean
  priority?: Priority
  sort?: WorklistSort
}

const PAGE_ROWS = 200

async function getWorklist(
  filter: WorklistFilter,
  text: string,
  cursor: string | null,
  signal: AbortSignal,
): Promise<Worklist> {
  const page = { ...filter, limit: PAGE_ROWS, ...(cursor !== null && { cursor }) }
  const list =
    text === ''
      ? bodyOf(await client.GET('/v1/jobs', { params: { query: page }, signal }))
      : // In the body: the search text may be a patient's name, and URLs are logged.
        bodyOf(await client.POST('/v1/jobs/search', { body: { ...page, text }, signal }))
  setServiceClock(list.as_of)
  return list
}

export const worklistQuery = (filter: WorklistFilter, text = '') =>
  infiniteQueryOptions({
    queryKey: ['worklist', filter, text] as const,
    queryFn: ({ pageParam, signal }) => getWorklist(filter, text, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    select: (data) => data.pages.flatMap((page) => page.rows),
    // The list does not disappear with each letter of a search.
    placeholderData: keepPreviousData,
  })

/** Films that match a filter and a search text, kept up to date by events or else by polling. */
export function useWorklist(filter: WorklistFilter, text: string, { enabled = true } = {}) {
  const isLive = useWorklistEvents(enabled)
  return useInfiniteQuery({
    ...worklistQuery(filter, text),
    enabled,
    refetchInterval: ({ state }) => {
      if (isLive && state.status !== 'error') return false
      const pages = state.data?.pages ?? []
      const open = pages.some((page) => page.rows.some((row) => !isFinal(row.item.state)))
      // All loaded pages are requested again, so a long list is polled less often.
      return (open ? 2_000 : 6_000) * Math.max(1, pages.length)
    },
  })
}
