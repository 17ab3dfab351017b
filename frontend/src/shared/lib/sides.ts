import type { Region, Result } from '@/shared/api/wire'
import type { Messages } from '@/shared/i18n/en'

/** True if the file does not say which side is which. */
export const isSideAssumed = (result: Result | null) =>
  (result?.cautions ?? []).some(({ code }) => code === 'side_assumed')

/** Name of the patient's side that a region is on, with a remark if the side is assumed. */
export function sideOf({ side }: Region, result: Result | null, messages: Messages): string {
  const name = messages.result.side[side]
  return isSideAssumed(result) ? messages.result.sideAssumed(name) : name
}
