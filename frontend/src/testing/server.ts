import { http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'

import type { Job, Problem, Session } from '@/shared/api/wire'

import { LIMITS, makeWorklist } from './wire'

/** The endpoints that every page needs; tests add their own. */
export const server = setupServer(
  http.get('*/readyz', () =>
    HttpResponse.json({ ready: true, dependencies: { database: 'ok', redis: 'ok' } }),
  ),
  http.get('*/v1/session', () =>
    HttpResponse.json<Session>({ keys_needed: false, name: null, scopes: [], limits: LIMITS }),
  ),
  http.get('*/v1/model', () => HttpResponse.json({ name: 'pneumocam', map_threshold: 0.3 })),
  http.get('*/v1/jobs', () => HttpResponse.json(makeWorklist())),
  // No events: the list is polled.
  http.get('*/v1/jobs/events', () => new HttpResponse(null, { status: 503 })),
  http.get('*/v1/jobs/:id/items/:index/:artifact', () => new HttpResponse(new Uint8Array([1]))),
)

/** Serve a job, and a stream with one event of it. */
export function serveJob(job: Job) {
  server.use(
    http.get(`*/v1/jobs/${job.id}`, () => HttpResponse.json(job)),
    http.get(
      `*/v1/jobs/${job.id}/events`,
      () =>
        new HttpResponse(`event: job\ndata: ${JSON.stringify(job)}\n\n`, {
          headers: { 'Content-Type': 'text/event-stream' },
        }),
    ),
  )
}

export function problem(status: number, detail: string, errors: Problem['errors'] = []): Response {
  return HttpResponse.json<Problem>(
    { type: 'urn:test', title: detail, status, detail, request_id: 'request-1', errors },
    { status, headers: { 'Content-Type': 'application/problem+json' } },
  )
}
