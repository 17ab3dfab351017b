import type { GreyWindow } from './film-view'

/** Make the lookup table from 256 grey values to pixels (ABGR, as in a little-endian canvas). */
export function greyLut({ width, level }: GreyWindow, isInverted: boolean): Uint32Array {
  const table = new Uint32Array(256)
  for (let value = 0; value < 256; value++) {
    const shown = Math.min(1, Math.max(0, (value - level) / width + 0.5))
    const grey = Math.round((isInverted ? 1 - shown : shown) * 255)
    table[value] = (0xff000000 | (grey << 16) | (grey << 8) | grey) >>> 0
  }
  return table
}
