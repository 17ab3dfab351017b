import type { components } from '@/api/schema'

type Schemas = components['schemas']

/** Why the dashboard did not send a file. The service never gives these codes. */
export type BrowserCode = 'wrong_format' | 'unreadable_file' | 'no_film_in_archive' | 'not_sent'

/**
 * Codes of a failed item or a refused request.
 *
 * Both catalogues are records over these types, so that a code which is new in the OpenAPI document
 * does not compile before it is explained in each language.
 */
export type ErrorCode =
  Schemas['ErrorCode'] | Schemas['ProblemCode'] | Schemas['CallbackCode'] | BrowserCode

/** Why a film was read but not scored. */
export type ReasonCode = Schemas['ReasonCode']

/** A limit of a probability. */
export type CautionCode = Schemas['CautionCode']

/** The meaning of a code, and what the person who submitted the film can do. */
export interface Explanation {
  what: string
  action: string
}
