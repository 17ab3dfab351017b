import type {
  Item,
  Job,
  Lungs,
  Result,
  SubmissionLimits,
  Worklist,
  WorklistRow,
} from '@/shared/api/wire'

/** Records as the service sends them, with defaults for all that a test does not set. */

export const JOB_ID = '01KAAAAAAAAAAAAAAAAAAAAAAA'

/** The service's default limits. */
export const LIMITS: SubmissionLimits = {
  max_files: 500,
  max_upload_bytes: 100 * 2 ** 20,
  max_request_bytes: 2 * 2 ** 30,
}

export function makeResult(change: Partial<Result> = {}): Result {
  return {
    probability: 0.83,
    threshold: 0.41,
    positive: true,
    model: { name: 'pneumocam', version: '1.0.0' },
    regions: [
      {
        x: 0.52,
        y: 0.4,
        width: 0.2,
        height: 0.25,
        side: 'left',
        zone: 'lower',
        extent: 0.12,
        peak: 0.91,
      },
    ],
    lungs: { right: lung(0, 0.1), left: lung(0.12, 0.55) },
    reasons: [],
    cautions: [],
    input: { view: 'PA', width: 2048, height: 2500, photometric_interpretation: 'MONOCHROME2' },
    timings_ms: { queued: 4, decode: 6, infer: 7, render: 9 },
    ...change,
  }
}

/** A lung as a rectangle whose left edge is at `x`. */
function lung(extent: number, x: number): NonNullable<Lungs['right']> {
  return {
    extent,
    outline: [
      { x, y: 0.2 },
      { x: x + 0.35, y: 0.2 },
      { x: x + 0.35, y: 0.8 },
      { x, y: 0.8 },
    ],
  }
}

export function makeItem(change: Partial<Item> = {}, jobId = JOB_ID): Item {
  const index = change.index ?? 0
  const state = change.state ?? 'succeeded'
  const path = `/v1/jobs/${jobId}/items/${index}`
  const isDrawn = state === 'succeeded' || state === 'rejected'
  const isMapped = state === 'succeeded'
  return {
    index,
    filename: 'film.dcm',
    sha256: 'ab'.repeat(32),
    state,
    photometric: 'as_stored',
    attempts: 1,
    result: isMapped ? makeResult() : null,
    error: null,
    links: {
      upload: `${path}/upload`,
      radiograph: isDrawn ? `${path}/radiograph` : null,
      activation_map: isMapped ? `${path}/activation-map` : null,
      heatmap: isMapped ? `${path}/heatmap` : null,
    },
    ...change,
  }
}

export function makeJob(items: Item[] = [makeItem()], change: Partial<Job> = {}): Job {
  const id = change.id ?? JOB_ID
  const count = (state: Item['state']) => items.filter((item) => item.state === state).length
  const open = count('queued') + count('running')
  return {
    id,
    state: open > 0 ? 'running' : 'finished',
    priority: 'routine',
    reference: null,
    created_at: '2026-11-23T02:00:00Z',
    finished_at: open > 0 ? null : '2026-11-23T02:00:05Z',
    expires_at: '2026-12-23T02:00:00Z',
    progress: (items.length - open) / items.length,
    queue_position: null,
    estimated_start: null,
    counts: {
      total: items.length,
      queued: count('queued'),
      running: count('running'),
      succeeded: count('succeeded'),
      rejected: count('rejected'),
      failed: count('failed'),
      cancelled: count('cancelled'),
    },
    items,
    links: {
      self: `/v1/jobs/${id}`,
      events: `/v1/jobs/${id}/events`,
      cancel: `/v1/jobs/${id}/cancel`,
    },
    disclaimer: 'Not a diagnosis.',
    ...change,
  }
}

export function makeRow(change: Partial<WorklistRow> = {}): WorklistRow {
  const jobId = change.job_id ?? JOB_ID
  const { links } = makeJob([makeItem()], { id: jobId })
  return {
    job_id: jobId,
    priority: 'routine',
    reference: null,
    created_at: '2026-11-23T02:00:00Z',
    item: makeItem({}, jobId),
    links,
    ...change,
  }
}

export const makeWorklist = (
  rows: WorklistRow[] = [],
  next_cursor: string | null = null,
): Worklist => ({ rows, next_cursor, as_of: '2026-11-23T02:10:00Z' })
