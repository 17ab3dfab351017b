import type { Messages } from '@/shared/i18n/en'

import type { Explanation } from './codes'

/*
 * Explanations by code. A code that is not known here comes from a service newer than this page:
 * its own sentence is shown, with the general advice.
 */

/** Explain why a film was not scored, and what to do. */
export const explainReason = ({ reason }: Messages, code: string, detail: string): Explanation =>
  lookUp(reason.known, code) ?? { what: detail || reason.fallback, action: reason.action }

/** Explain why a file could not be read or sent, and what to do. */
export const explainError = ({ error }: Messages, code: string, detail: string): Explanation =>
  lookUp(error.known, code) ?? { what: detail || error.fallback, action: error.action }

/** Explain a limit of a probability. */
export const explainCaution = ({ result }: Messages, code: string, detail: string): string =>
  lookUp<string>(result.cautions, code) ?? (detail || result.cautionFallback)

function lookUp<T>(known: Record<string, T>, code: string): T | undefined {
  return Object.hasOwn(known, code) ? known[code] : undefined
}
