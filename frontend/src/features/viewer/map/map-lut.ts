import { COLOUR_SCALES, type ScaleName } from './colour-scales'

/** Activations under the floor are let through, and fade in over this much above it. */
const FADE = 0.08

/** How much of the film an activation covers, 0 to 1, before the opacity that is asked for. */
export function coverage(activation: number, floor: number): number {
  if (activation < floor) return 0
  return Math.min(1, (activation - floor) / FADE + (floor === 0 ? 1 : 0))
}

/** For each of 256 activations, the pixel to draw (ABGR as a little-endian canvas has it). */
export function mapLut(scale: ScaleName, floor: number): Uint32Array {
  const colours = COLOUR_SCALES[scale]
  return Uint32Array.from({ length: 256 }, (_, value) => {
    const [red, green, blue] = colours[value] ?? [0, 0, 0]
    const alpha = Math.round(coverage(value / 255, floor) * 255)
    return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0
  })
}
