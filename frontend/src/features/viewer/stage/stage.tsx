import { useEffect, useMemo, useRef, type Dispatch, type PointerEvent } from 'react'

import type { GreyPicture } from '@/shared/api/grey-picture'
import type { Lungs, Region } from '@/shared/api/wire'
import { useMessages } from '@/shared/i18n/language'
import { useSettled } from '@/shared/lib/use-settled'
import type { Size } from '@/shared/lib/use-size'
import { classes } from '@/shared/ui/classes'

import { cssTransform, type FilmView, type Point, type ViewAction } from './film-view'
import { greyLut } from './grey-lut'
import type { MapSettings } from '../map/map-settings'
import { mapLut } from '../map/map-lut'
import { Marks } from './marks'
import { PictureCanvas } from './picture-canvas'
import { Sides } from './sides'

export type Tool = 'window' | 'pan' | 'zoom'

export interface StageProps {
  name: string
  film: GreyPicture
  map: GreyPicture | null
  regions: readonly Region[]
  lungs: Lungs | null
  /** Index of the highlighted region. */
  active: number | null
  onActivate: (region: number) => void
  view: FilmView
  /** Screen pixels per film pixel, fitted or chosen. */
  zoom: number
  fitZoom: number
  dispatch: Dispatch<ViewAction>
  /** Called with the changes of window width and level by a drag, in grey values. */
  onAdjust: (width: number, level: number) => void
  /** Called when a pointer is released. */
  onRelease: () => void
  tool: Tool
  /** True to draw the map and its marks over the film. */
  isMapShown: boolean
  /** True if the reader accepted an upright frontal film: only then are its sides known. */
  isFrontal: boolean
  /** True if the file does not say which side is which. */
  isSideAssumed: boolean
  settings: MapSettings
  size: Size
}

/** Grey values per pixel of drag. */
const WINDOW_SPEED = 0.5
/** Pixels of drag that double the zoom. */
const ZOOM_DRAG_PX = 200
const WHEEL_PX = 500
/** While zooming, the film is stretched; after this pause it is drawn at the new scale. */
const ZOOM_PAUSE_MS = 150

/** The film with its map, and the handling of pointer and wheel. */
export function Stage(props: StageProps) {
  const { name, film, map, view, zoom, fitZoom, dispatch, tool, settings, size } = props
  const { isMapShown, isFrontal, isSideAssumed, onAdjust, onRelease } = props
  const messages = useMessages()
  const frame = useRef<HTMLDivElement>(null)
  const grey = useMemo(() => greyLut(view.window, view.isInverted), [view.window, view.isInverted])
  const colours = useMemo(
    () => mapLut(settings.scale, settings.floor),
    [settings.scale, settings.floor],
  )
  const scale = useSettled(zoom * window.devicePixelRatio, ZOOM_PAUSE_MS)
  const pointers = useRef(new Map<number, Point>())

  // React's wheel listeners are passive and cannot keep the page from scrolling.
  useEffect(() => {
    const element = frame.current
    if (element === null) return
    const onWheel = (event: WheelEvent) => {
      event.preventDefault()
      const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 24 : 1)
      dispatch({
        type: 'zoom',
        factor: 2 ** (-pixels / WHEEL_PX),
        at: fromMiddle(element, event),
        fitZoom,
      })
    }
    element.addEventListener('wheel', onWheel, { passive: false })
    return () => element.removeEventListener('wheel', onWheel)
  }, [dispatch, fitZoom])

  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId)
    pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY })
  }
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    const from = pointers.current.get(event.pointerId)
    if (from === undefined) return
    const to = { x: event.clientX, y: event.clientY }
    const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1]
    pointers.current.set(event.pointerId, to)
    const by = { x: to.x - from.x, y: to.y - from.y }
    if (other) {
      // Two fingers: the film follows their midpoint.
      const factor = distance(to, other) / Math.max(1, distance(from, other))
      const middle = { clientX: (to.x + other.x) / 2, clientY: (to.y + other.y) / 2 }
      dispatch({ type: 'zoom', factor, at: fromMiddle(event.currentTarget, middle), fitZoom })
      dispatch({ type: 'pan', by: { x: by.x / 2, y: by.y / 2 }, fitZoom })
      return
    }
    switch (toolOf(event.buttons, tool)) {
      case 'window':
        onAdjust(by.x * WINDOW_SPEED, by.y * WINDOW_SPEED)
        break
      case 'pan':
        dispatch({ type: 'pan', by, fitZoom })
        break
      case 'zoom':
        dispatch({ type: 'zoom', factor: 2 ** (-by.y / ZOOM_DRAG_PX), fitZoom })
        break
    }
  }
  const onPointerEnd = (event: PointerEvent) => {
    pointers.current.delete(event.pointerId)
    onRelease()
  }

  return (
    <div
      ref={frame}
      role="presentation"
      className={classes(
        'absolute inset-0 touch-none overflow-hidden select-none',
        { window: 'cursor-crosshair', pan: 'cursor-grab', zoom: 'cursor-ns-resize' }[tool],
      )}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerEnd}
      onPointerCancel={onPointerEnd}
      onContextMenu={(event) => event.preventDefault()}
      onDoubleClick={(event) =>
        dispatch({ type: 'centre', at: fromMiddle(event.currentTarget, event), fitZoom })
      }
    >
      <div
        className="absolute top-1/2 left-1/2 will-change-transform"
        style={{
          width: film.width,
          height: film.height,
          marginLeft: -film.width / 2,
          marginTop: -film.height / 2,
          transform: cssTransform(view, zoom),
        }}
      >
        <PictureCanvas
          picture={film}
          scale={scale}
          lut={grey}
          role="img"
          aria-label={messages.viewer.film(name)}
          data-testid="film"
          className="absolute inset-0 size-full"
        />
        {map && isMapShown && (
          <PictureCanvas
            picture={map}
            scale={(scale * film.width) / map.width}
            lut={colours}
            role="img"
            aria-label={messages.viewer.mapOf(name)}
            data-testid="activation-map"
            className="absolute inset-0 size-full"
            style={{ opacity: settings.opacity }}
          />
        )}
      </div>
      {isMapShown && <Marks {...props} />}
      {isFrontal && <Sides view={view} size={size} isAssumed={isSideAssumed} />}
    </div>
  )
}

/** Left button and one finger use the chosen tool; the middle button pans, the right one zooms. */
function toolOf(buttons: number, chosen: Tool): Tool {
  if (buttons & 4) return 'pan'
  if (buttons & 2) return 'zoom'
  return chosen
}

function fromMiddle(element: Element, at: { clientX: number; clientY: number }): Point {
  const box = element.getBoundingClientRect()
  return {
    x: at.clientX - box.left - box.width / 2,
    y: at.clientY - box.top - box.height / 2,
  }
}

const distance = (a: Point, b: Point) => Math.hypot(a.x - b.x, a.y - b.y)
