import type { WorklistFilter } from '@/shared/api/worklist'
import type { ItemState, Priority, WorklistSort } from '@/shared/api/wire'

/** Where things are in the dashboard. What can be shared is in the address. */

export const worklistPath = (filter: WorklistFilter = {}) => withQuery('/', writeFilter(filter))

export const submitPath = '/submit'

/** A submission: one drop may have become several jobs. */
export const jobsPath = (ids: readonly string[]) =>
  ids.length === 0 ? submitPath : `/jobs/${ids.join(',')}`

/** A film, and the list in which previous and next are looked for. */
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

/** The list, at the film that was looked at last. */
export const filmListPath = (list: FilmList, jobId: string, index: number) =>
  `${list.kind === 'jobs' ? jobsPath(list.ids) : worklistPath(list.filter)}#${filmAnchor(jobId, index)}`

export const filmAnchor = (jobId: string, index: number) => `${jobId}/${index}`

/** The film at which a list was left, if its address says so. */
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

/** The filter an address asks for; what the service does not know is passed over. */
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
