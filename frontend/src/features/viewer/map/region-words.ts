import type { Lungs, Region, Result } from '@/shared/api/wire'
import type { Messages } from '@/shared/i18n/en'
import { percent } from '@/shared/lib/figures'
import { sideOf } from '@/shared/lib/sides'

/** The side and, where the lung was found, the zone of a region: "Patient's left, lower third". */
export function regionPlace(region: Region, result: Result | null, messages: Messages): string {
  const side = sideOf(region, result, messages)
  return region.zone ? `${side}, ${messages.result.zone[region.zone]}` : side
}

/** The covered share of the lung in which a region lies; null if the lung was not found. */
export function regionExtent({ extent }: Region, { viewer }: Messages): string | null {
  return extent == null ? null : viewer.regionExtent(percent(extent))
}

/** The covered share of each lung; null for a result of an earlier network. */
export function lungExtent(lungs: Lungs | null, { viewer }: Messages): string | null {
  if (lungs === null) return null
  const [right, left] = [lungs.right, lungs.left].map((lung) =>
    lung === null ? viewer.lungNotFound : percent(lung.extent),
  )
  return viewer.lungExtent(right ?? '', left ?? '')
}
