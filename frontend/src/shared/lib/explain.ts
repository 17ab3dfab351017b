import type { Messages } from '@/shared/i18n/en'

import type { Explanation } from './codes'

/** Why a film was not scored, and what to do, by the reason's code. */
export const explainReason = ({ reason }: Messages, code: string, detail: string): Explanation =>
  lookUp(reason.known, code) ?? { what: detail || reason.fallback, action: reason.action }

/** Why a file could not be read or sent, and what to do, by the error's code. */
export const explainError = ({ error }: Messages, code: string, detail: string): Explanation =>
  lookUp(error.known, code) ?? { what: detail || error.fallback, action: error.action }

/** What to keep in mind about a probability, by the caution's code. */
export const explainCaution = ({ result }: Messages, code: string, detail: string): string =>
  lookUp<string>(result.cautions, code) ?? detail

function lookUp<T>(known: Record<string, T>, code: string): T | undefined {
  return Object.hasOwn(known, code) ? known[code] : undefined
}
