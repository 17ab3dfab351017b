import { errors as explained } from '@/shared/i18n/explanations-en'
import type { ErrorCode } from '@/shared/lib/codes'

import type { Problem } from './wire'

const PROBLEM_TYPE = 'urn:pneumocam:problem:'

const isExplained = (code: string): code is ErrorCode => Object.hasOwn(explained, code)

/** Codes by HTTP status, for answers without a problem, such as a proxy's own page. */
const CODES: Partial<Record<number, ErrorCode>> = {
  401: 'key_required',
  404: 'not_found',
  408: 'request_timeout',
  410: 'erased',
  413: 'too_large',
  415: 'unsupported_media_type',
  422: 'invalid_request',
  429: 'too_many_requests',
  500: 'internal_error',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
}

/** The service did not answer: it is down, or the network is. */
export class ServiceUnreachable extends Error {
  override name = 'ServiceUnreachable'
}

/** The service answered with a problem (RFC 9457). */
export class ServiceRefused extends Error {
  override name = 'ServiceRefused'
  readonly status: number
  readonly problem: Problem | null
  /** Seconds to wait before the next try; null if the service did not say. */
  readonly retryAfterS: number | null

  constructor(status: number, problem: Problem | null, retryAfterS: number | null = null) {
    super(problem?.detail ?? `HTTP ${status}`)
    this.status = status
    this.problem = problem
    this.retryAfterS = retryAfterS
  }

  /** Code of the error of the request as a whole, not of one of its files; null if unknown. */
  get code(): ErrorCode | null {
    const { type = '', errors = [] } = this.problem ?? {}
    const ofFields = errors.filter(({ index }) => index == null).map(({ code }) => code)
    const told = [...ofFields, type.replace(PROBLEM_TYPE, '')]
    return told.find(isExplained) ?? CODES[this.status] ?? null
  }

  /** True if the same request may succeed later. */
  get isTemporary(): boolean {
    return this.status === 408 || this.status === 429 || this.status >= 500
  }
}

/** Parse the problem in a response's body; null if there is none, as in a proxy's own page. */
export function parseProblem(body: unknown): Problem | null {
  if (typeof body !== 'object' || body === null || !('status' in body) || !('detail' in body)) {
    return null
  }
  const problem = body as Problem
  return { ...problem, errors: Array.isArray(problem.errors) ? problem.errors : [] }
}

export function parseRetryAfter(header: string | null): number | null {
  const seconds = Number(header)
  return header !== null && Number.isFinite(seconds) ? seconds : null
}
