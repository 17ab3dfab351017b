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
  /** Index of the film in the list; -1 if it is not loaded. */
  position: number
  hasMore: boolean
}

/** The list a film was opened from, and the film's position in it. */
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
  const position = films.findIndex((film) => film.jobId === jobId && film.item.index === index)

  // The film after the last loaded one is on the next page.
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = worklist
  const isNearEnd = list.kind === 'worklist' && position >= 0 && position >= films.length - 5
  useEffect(() => {
    if (isNearEnd && hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [isNearEnd, hasNextPage, isFetchingNextPage, fetchNextPage])

  usePrefetch(films[position + 1])
  usePrefetch(position > 0 ? films[position - 1] : undefined)
  return { films, position, hasMore: list.kind === 'worklist' && hasNextPage }
}

/** Load and decode a film's pictures ahead of use. */
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
