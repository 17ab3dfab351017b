import type { Messages } from '@/shared/i18n/en'

export interface Explanation {
  what: string
  action: string
}

/** Why a film was not scored, and what to do, by the reason's code. */
export const explainReason = ({ reason }: Messages, code: string, detail: string): Explanation =>
  reason.known[code] ?? { what: detail || reason.fallback, action: reason.action }

/** Why a file could not be read or sent, and what to do, by the error's code. */
export const explainError = ({ error }: Messages, code: string, detail: string): Explanation =>
  error.known[code] ?? { what: detail || error.fallback, action: error.action }
