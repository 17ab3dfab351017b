import type { WorklistFilter } from '@/shared/api/worklist'
import type { ItemState, Priority, WorklistSort } from '@/shared/api/wire'

/** Paths of the dashboard's pages. Everything that can be shared is in the address. */

export const worklistPath = (filter: WorklistFilter = {}) => withQuery('/', writeFilter(filter))

export const submitPath = '/submit'

/** Path of a submission. One drop may have become several jobs. */
export const jobsPath = (ids: readonly string[]) =>
  ids.length === 0 ? submitPath : `/jobs/${ids.join(',')}`

/** Path of a film, with the list that "previous" and "next" refer to. */
export const filmPath = (jobId: string, index: number, within: FilmList) =>
  withQuery(
    `/jobs/${jobId}/items/${index}`,
    within.kind === 'jobs'
      ? new URLSearchParams({ in: within.ids.join(',') })
      : writeFilter(within.filter),
  )

export const modelPath = '/model'

export type FilmList =
  { kind: 'jobs'; ids: readonly string[] } | { kind: 'worklist'; filter: WorklistFilter }

export function readFilmList(params: URLSearchParams): FilmList {
  const ids = params.get('in')
  return ids === null
    ? { kind: 'worklist', filter: readFilter(params) }
    : { kind: 'jobs', ids: readJobIds(ids) }
}

/** Path of the list, at the film that was viewed last. */
export const filmListPath = (list: FilmList, jobId: string, index: number) =>
  `${list.kind === 'jobs' ? jobsPath(list.ids) : worklistPath(list.filter)}#${filmAnchor(jobId, index)}`

export const filmAnchor = (jobId: string, index: number) => `${jobId}/${index}`

/** Anchor of the film that was viewed last, from the address of the list. */
export const anchoredFilm = (): string | null => window.location.hash.slice(1) || null

export const readJobIds = (text: string): string[] => text.split(',').filter((id) => id !== '')

const STATES: readonly ItemState[] = [
  'queued',
  'running',
  'succeeded',
  'rejected',
  'failed',
  'cancelled',
]
const PRIORITIES: readonly Priority[] = ['routine', 'stat']
const SORTS: readonly WorklistSort[] = ['-created_at', '-probability']

/** Read the filter from an address; unknown values are ignored. */
export function readFilter(params: URLSearchParams): WorklistFilter {
  const state = STATES.find((known) => known === params.get('state'))
  const priority = PRIORITIES.find((known) => known === params.get('priority'))
  const sort = SORTS.find((known) => known === params.get('sort'))
  const positive = { true: true, false: false }[params.get('positive') ?? '']
  return {
    ...(state && { state }),
    ...(positive !== undefined && { positive }),
    ...(priority && { priority }),
    ...(sort && { sort }),
  }
}

function writeFilter(filter: WorklistFilter): URLSearchParams {
  return new URLSearchParams(Object.entries(filter).map(([name, value]) => [name, String(value)]))
}

function withQuery(path: string, params: URLSearchParams): string {
  return params.size === 0 ? path : `${path}?${params.toString()}`
}
