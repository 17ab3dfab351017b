import { useMessages } from '@/shared/i18n/language'
import type { Size } from '@/shared/lib/use-size'

import type { FilmView } from './film-view'

/** Window, level and zoom in figures, in the corner of the film. */
export function OverlayText({ view, zoom, size }: { view: FilmView; zoom: number; size: Size }) {
  const { grey } = useMessages().viewer
  if (size.width < 200) return null
  const isMirrored = view.flipX !== view.flipY
  return (
    <p className="film-text pointer-events-none absolute bottom-3 left-3 text-xs leading-4">
      {grey.windowLevel(Math.round(view.window.width), Math.round(view.window.level))}
      <br />
      {grey.zoom(Math.round(zoom * 100))}
      {view.isInverted && (
        <>
          <br />
          <strong>{grey.inverted}</strong>
        </>
      )}
      {isMirrored && (
        <>
          <br />
          <strong>{grey.flipped}</strong>
        </>
      )}
    </p>
  )
}
