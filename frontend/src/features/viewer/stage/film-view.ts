import type { Size } from '@/shared/lib/use-size'

/** A point on the screen, relative to the centre of the viewer, in CSS pixels. */
export interface Point {
  x: number
  y: number
}

/** Range of displayed grey values: below level - width/2 is black, above level + width/2 white. */
export interface GreyWindow {
  width: number
  level: number
}

/** View of a film: zoom, position, orientation and window. */
export interface FilmView {
  /** Screen pixels per film pixel; null fits the film to the viewer. */
  zoom: number | null
  /** From the centre of the viewer to the centre of the film. */
  pan: Point
  /** Clockwise quarter turns, 0 to 3, before flipping. */
  turns: number
  flipX: boolean
  flipY: boolean
  window: GreyWindow
  isInverted: boolean
}

export const FULL_WINDOW: GreyWindow = { width: 256, level: 128 }

/** Windows of the 8-bit display picture for its dark areas, bright areas or contrast. */
export const PRESETS = {
  full: FULL_WINDOW,
  dark: { width: 144, level: 80 },
  bright: { width: 144, level: 176 },
  contrast: { width: 128, level: 128 },
} satisfies Record<string, GreyWindow>

export type PresetName = keyof typeof PRESETS
export const PRESET_NAMES = Object.keys(PRESETS) as PresetName[]

export const INITIAL_VIEW: FilmView = {
  zoom: null,
  pan: { x: 0, y: 0 },
  turns: 0,
  flipX: false,
  flipY: false,
  window: FULL_WINDOW,
  isInverted: false,
}

const ZOOM_LIMITS = { least: 0.1, most: 16 }
export const WINDOW_LIMITS = {
  width: { least: 2, most: 512 },
  level: { least: 0, most: 255 },
}

export type ViewAction =
  | { type: 'zoom'; factor: number; at?: Point; fitZoom: number }
  | { type: 'fit' }
  | { type: 'pan'; by: Point; fitZoom: number }
  | { type: 'centre'; at: Point; fitZoom: number }
  | { type: 'show'; zoom: number; pan: Point }
  | { type: 'turn'; to: 'left' | 'right' }
  | { type: 'flip'; along: 'x' | 'y' }
  | { type: 'adjustWindow'; width: number; level: number }
  | { type: 'setWindow'; window: GreyWindow }
  | { type: 'invert' }
  | { type: 'reset' }

export function reduceView(view: FilmView, action: ViewAction): FilmView {
  switch (action.type) {
    case 'zoom': {
      const before = view.zoom ?? action.fitZoom
      const zoom = clamp(before * action.factor, ZOOM_LIMITS.least, ZOOM_LIMITS.most)
      const { x, y } = action.at ?? { x: 0, y: 0 }
      // The point under the pointer stays under it.
      const ratio = zoom / before
      const pan = { x: x - (x - view.pan.x) * ratio, y: y - (y - view.pan.y) * ratio }
      return { ...view, zoom, pan }
    }
    case 'fit':
      return { ...view, zoom: null, pan: { x: 0, y: 0 } }
    case 'pan':
      return {
        ...view,
        zoom: view.zoom ?? action.fitZoom,
        pan: { x: view.pan.x + action.by.x, y: view.pan.y + action.by.y },
      }
    case 'centre':
      return {
        ...view,
        zoom: view.zoom ?? action.fitZoom,
        pan: { x: view.pan.x - action.at.x, y: view.pan.y - action.at.y },
      }
    case 'show':
      return { ...view, zoom: action.zoom, pan: action.pan }
    case 'turn': {
      const right = action.to === 'right'
      // In a mirrored film, a turn to the right is a turn to the left.
      const isMirrored = view.flipX !== view.flipY
      const turns = (view.turns + (right !== isMirrored ? 1 : 3)) % 4
      const { x, y } = view.pan
      return { ...view, turns, pan: right ? { x: -y, y: x } : { x: y, y: -x } }
    }
    case 'flip':
      return action.along === 'x'
        ? { ...view, flipX: !view.flipX, pan: { x: -view.pan.x, y: view.pan.y } }
        : { ...view, flipY: !view.flipY, pan: { x: view.pan.x, y: -view.pan.y } }
    case 'adjustWindow':
      return {
        ...view,
        window: limited({
          width: view.window.width + action.width,
          level: view.window.level + action.level,
        }),
      }
    case 'setWindow':
      return { ...view, window: limited(action.window) }
    case 'invert':
      return { ...view, isInverted: !view.isInverted }
    case 'reset':
      return INITIAL_VIEW
  }
}

/** Compute the zoom at which the whole film is visible. */
export function fitZoom(film: Size, viewer: Size, turns: number): number {
  const isLying = turns % 2 === 1
  const width = isLying ? film.height : film.width
  const height = isLying ? film.width : film.height
  return Math.min(viewer.width / width, viewer.height / height)
}

/** CSS transform for an element of the film's size, centred in the viewer. */
export function cssTransform(view: FilmView, zoom: number): string {
  const flip = `scale(${view.flipX ? -1 : 1}, ${view.flipY ? -1 : 1})`
  return `translate(${view.pan.x}px, ${view.pan.y}px) scale(${zoom}) ${flip} rotate(${view.turns * 90}deg)`
}

/** SVG transform for a group in film pixels, in a drawing of the viewer's size. */
export function svgTransform(view: FilmView, zoom: number, film: Size, viewer: Size): string {
  const { pan, turns, flipX, flipY } = view
  return (
    `translate(${viewer.width / 2 + pan.x} ${viewer.height / 2 + pan.y}) scale(${zoom}) ` +
    `scale(${flipX ? -1 : 1} ${flipY ? -1 : 1}) rotate(${turns * 90}) ` +
    `translate(${-film.width / 2} ${-film.height / 2})`
  )
}

/** Convert a vector on the film to one on the screen. Pan is not applied. */
export function toScreen(view: FilmView, zoom: number, { x, y }: Point): Point {
  const [cos, sin] = (
    [
      [1, 0],
      [0, 1],
      [-1, 0],
      [0, -1],
    ] as const
  )[view.turns % 4] ?? [1, 0]
  const turned = { x: x * cos - y * sin, y: x * sin + y * cos }
  return {
    x: turned.x * (view.flipX ? -zoom : zoom),
    y: turned.y * (view.flipY ? -zoom : zoom),
  }
}

/** Compute the zoom and pan that centre a box of the film, with some surroundings. */
export function viewOfBox(
  view: FilmView,
  box: { x: number; y: number; width: number; height: number },
  film: Size,
  viewer: Size,
): { zoom: number; pan: Point } {
  const size = { width: box.width * film.width * 2.5, height: box.height * film.height * 2.5 }
  const least = fitZoom(film, viewer, view.turns)
  const zoom = clamp(fitZoom(size, viewer, view.turns), least, Math.max(least, 3))
  const middle = {
    x: (box.x + box.width / 2 - 0.5) * film.width,
    y: (box.y + box.height / 2 - 0.5) * film.height,
  }
  const { x, y } = toScreen(view, zoom, middle)
  return { zoom, pan: { x: -x, y: -y } }
}

/** Edges of the screen at the patient's sides. The picture's left is the patient's right. */
export function sidesOnScreen(
  view: FilmView,
): Record<'top' | 'right' | 'bottom' | 'left', 'R' | 'L' | null> {
  const { x, y } = toScreen(view, 1, { x: -1, y: 0 })
  return {
    left: x < -0.5 ? 'R' : x > 0.5 ? 'L' : null,
    right: x > 0.5 ? 'R' : x < -0.5 ? 'L' : null,
    top: y < -0.5 ? 'R' : y > 0.5 ? 'L' : null,
    bottom: y > 0.5 ? 'R' : y < -0.5 ? 'L' : null,
  }
}

const clamp = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value))

const limited = ({ width, level }: GreyWindow): GreyWindow => ({
  width: clamp(width, WINDOW_LIMITS.width.least, WINDOW_LIMITS.width.most),
  level: clamp(level, WINDOW_LIMITS.level.least, WINDOW_LIMITS.level.most),
})
