import { COLOUR_SCALES, type ScaleName } from './colour-scales'

/** Activations below the floor are transparent; above it they fade in over this range. */
const FADE = 0.08

/** Opacity of an activation in [0, 1], before the chosen opacity is applied. */
export function coverage(activation: number, floor: number): number {
  if (activation < floor) return 0
  return Math.min(1, (activation - floor) / FADE + (floor === 0 ? 1 : 0))
}

/** Make the lookup table from 256 activations to pixels (ABGR, as in a little-endian canvas). */
export function mapLut(scale: ScaleName, floor: number): Uint32Array {
  const colours = COLOUR_SCALES[scale]
  return Uint32Array.from({ length: 256 }, (_, value) => {
    const [red, green, blue] = colours[value] ?? [0, 0, 0]
    const alpha = Math.round(coverage(value / 255, floor) * 255)
    return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0
  })
}
