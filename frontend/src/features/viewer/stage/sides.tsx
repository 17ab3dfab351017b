import { useMessages } from '@/shared/i18n/language'
import type { Size } from '@/shared/lib/use-size'
import { classes } from '@/shared/ui/classes'

import { sidesOnScreen, type FilmView } from './film-view'

interface SidesProps {
  view: FilmView
  size: Size
  /** True if the file does not say which side is which. */
  isAssumed: boolean
}

/** Side letters at the edges of the viewer, for the current orientation. */
export function Sides({ view, size, isAssumed }: SidesProps) {
  const { sides } = useMessages().viewer
  const places = {
    top: 'top-3 left-1/2 -translate-x-1/2',
    right: 'right-3 top-1/2 -translate-y-1/2',
    bottom: 'bottom-3 left-1/2 -translate-x-1/2',
    left: 'left-3 top-1/2 -translate-y-1/2',
  }
  const shown = sidesOnScreen(view)
  if (size.width < 200) return null
  return (['top', 'right', 'bottom', 'left'] as const).map((edge) => {
    const side = shown[edge]
    return (
      side && (
        <span
          key={edge}
          title={isAssumed ? sides.assumedHint : sides.hint}
          className={classes(
            'film-text absolute text-center text-base font-semibold',
            places[edge],
          )}
        >
          {side === 'R' ? sides.right : sides.left}
          {isAssumed && <small className="block text-xs font-normal">{sides.assumed}</small>}
        </span>
      )
    )
  })
}
