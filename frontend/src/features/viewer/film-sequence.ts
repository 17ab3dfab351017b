import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'

import { useFollowedJobs } from '@/shared/api/followed-jobs'
import { greyPictureQuery } from '@/shared/api/grey-picture'
import type { Item } from '@/shared/api/wire'
import { useWorklist } from '@/shared/api/worklist'
import type { FilmList } from '@/shared/lib/paths'
import { useSearchText } from '@/shared/lib/search-text'

export interface FilmInList {
  jobId: string
  reference: string | null
  item: Item
}

export interface FilmSequence {
  films: readonly FilmInList[]
  /** Place of the film in the list; -1 where it is not in what is loaded. */
  place: number
  hasMore: boolean
}

/** The list a film was opened from, and its place in it. */
export function useFilmSequence(list: FilmList, jobId: string, index: number): FilmSequence {
  const jobs = useFollowedJobs(list.kind === 'jobs' ? list.ids : [])
  const searchText = useSearchText().trim()
  const worklist = useWorklist(list.kind === 'worklist' ? list.filter : {}, searchText, {
    enabled: list.kind === 'worklist',
  })
  const films =
    list.kind === 'jobs'
      ? jobs.flatMap(({ data }) =>
          data
            ? data.items.map((item) => ({ jobId: data.id, reference: data.reference, item }))
            : [],
        )
      : (worklist.data ?? []).map((row) => ({
          jobId: row.job_id,
          reference: row.reference,
          item: row.item,
        }))
  const place = films.findIndex((film) => film.jobId === jobId && film.item.index === index)

  // The film after the last one that is loaded is on the next page.
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = worklist
  const isNearEnd = list.kind === 'worklist' && place >= 0 && place >= films.length - 5
  useEffect(() => {
    if (isNearEnd && hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [isNearEnd, hasNextPage, isFetchingNextPage, fetchNextPage])

  usePrefetch(films[place + 1])
  usePrefetch(place > 0 ? films[place - 1] : undefined)
  return { films, place, hasMore: list.kind === 'worklist' && hasNextPage }
}

/** Loads and decodes a film's pictures before it is asked for. */
function usePrefetch(film: FilmInList | undefined) {
  const queries = useQueryClient()
  const radiograph = film?.item.links.radiograph ?? null
  const map = film?.item.links.activation_map ?? null
  useEffect(() => {
    for (const path of [radiograph, map]) {
      if (path !== null) queries.query(greyPictureQuery(path)).catch(() => undefined)
    }
  }, [queries, radiograph, map])
}
