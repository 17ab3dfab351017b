/**
 * Every code that the service, or this dashboard, gives for a file or a request. Each has its words
 * in both catalogues, or nothing compiles. A test of the service reads these lists as text and
 * compares them with its classes: one code a line, in single quotes, and no other quoted text.
 */

/** Of a file that is no film that can be read: headers/errors.py. */
export const FILE_CODES = [
  'empty_file',
  'not_an_image',
  'unsafe_file',
  'unreadable_image',
  'undecodable_image',
  'contradictory_image',
  'truncated_image',
  'image_too_large',
  'image_too_small',
  'unsupported_image',
  'several_images',
  'no_pixel_data',
  'colour_image',
  'blank_image',
] as const

/** Of a file that is not looked at: api/files.py. */
export const INTAKE_CODES = [
  // One a line.
  'file_too_large',
  'nested_archive',
] as const

/** Of a ZIP archive as a whole: api/archives.py. */
export const ARCHIVE_CODES = [
  // One a line.
  'damaged_archive',
  'unsafe_archive',
  'archive_too_large',
  'encrypted_archive',
] as const

/** Of a film whose reading broke off: worker/batch.py, jobs/leases.py. */
export const READING_CODES = [
  // One a line.
  'upload_missing',
  'worker_lost',
  'timeout',
  'internal_error',
] as const

/** Of a request: api/errors.py, api/submission.py, api/problems.py. `internal_error` is one too. */
export const REQUEST_CODES = [
  'malformed_request',
  'key_required',
  'invalid_key',
  'invalid_token',
  'issuer_unavailable',
  'missing_scope',
  'cross_site',
  'misdirected_request',
  'not_found',
  'method_not_allowed',
  'request_timeout',
  'no_result',
  'erased',
  'too_large',
  'unsupported_media_type',
  'invalid_request',
  'too_many_requests',
  'quota_reached',
  'headers_too_large',
  'backlog_full',
  'too_many_waiting',
  'too_many_connections',
  'unavailable',
  'no_files',
  'unknown_priority',
  'invalid_reference',
  'invalid_cursor',
  'idempotency_key_reused',
] as const

/** Of a file that the dashboard did not send, or could not. The service never gives them. */
export const BROWSER_CODES = [
  // One a line.
  'wrong_format',
  'unreadable_file',
  'no_film_in_archive',
  'not_sent',
] as const

/** Why a film was read but not scored: model/gating.py. */
export const REASON_CODES = [
  'not_a_radiograph',
  'wrong_body_part',
  'not_frontal',
  'not_frontal_chest',
  'not_upright',
  'inverted',
] as const

/** What to keep in mind about a probability: model/cautions.py. */
export const CAUTION_CODES = [
  // One a line.
  'child',
  'age_unknown',
  'side_assumed',
  'turned_by_tags',
  'for_processing',
  'bit_depth_assumed',
  'window_replaced',
] as const

export const ERROR_CODES = [
  ...FILE_CODES,
  ...INTAKE_CODES,
  ...ARCHIVE_CODES,
  ...READING_CODES,
  ...REQUEST_CODES,
  ...BROWSER_CODES,
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]
export type ReasonCode = (typeof REASON_CODES)[number]
export type CautionCode = (typeof CAUTION_CODES)[number]

export const isErrorCode = (code: string): code is ErrorCode =>
  ERROR_CODES.some((known) => known === code)

/** What a code means, for whoever submitted the film, and what that person can do. */
export interface Explanation {
  what: string
  action: string
}
