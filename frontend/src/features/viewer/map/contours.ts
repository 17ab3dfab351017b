import type { GreyPicture } from '@/shared/api/grey-picture'

/** Edges of a cell that a line joins, by the bits of the corners that are above the level. */
const TOP = 0
const RIGHT = 1
const BOTTOM = 2
const LEFT = 3
const LINES: readonly (readonly (readonly [number, number])[])[] = [
  [],
  [[LEFT, TOP]],
  [[TOP, RIGHT]],
  [[LEFT, RIGHT]],
  [[RIGHT, BOTTOM]],
  [
    [LEFT, TOP],
    [RIGHT, BOTTOM],
  ],
  [[TOP, BOTTOM]],
  [[LEFT, BOTTOM]],
  [[BOTTOM, LEFT]],
  [[BOTTOM, TOP]],
  [
    [TOP, RIGHT],
    [BOTTOM, LEFT],
  ],
  [[BOTTOM, RIGHT]],
  [[RIGHT, LEFT]],
  [[RIGHT, TOP]],
  [[TOP, LEFT]],
  [],
]

/**
 * Draw the lines of equal activation as an SVG path, by marching squares.
 *
 * Args:
 *   level: The activation to follow, in [0, 1].
 *   step: Pixels per cell. The map is smooth, so a coarse grid draws the same line.
 */
export function contourPath(
  { width, height, pixels }: GreyPicture,
  level: number,
  step = Math.max(1, Math.round(Math.max(width, height) / 256)),
): string {
  const threshold = level * 255
  const value = (x: number, y: number) =>
    pixels[Math.min(y, height - 1) * width + Math.min(x, width - 1)] ?? 0
  let path = ''
  for (let y = 0; y < height - 1; y += step) {
    for (let x = 0; x < width - 1; x += step) {
      const corners = [
        value(x, y),
        value(x + step, y),
        value(x + step, y + step),
        value(x, y + step),
      ] as const
      const above = corners.reduce<number>(
        (bits, corner, i) => bits | (corner >= threshold ? 1 << i : 0),
        0,
      )
      for (const [from, to] of LINES[above] ?? []) {
        path += `M${crossing(from, corners, x, y)}L${crossing(to, corners, x, y)}`
      }
    }
  }
  return path

  function crossing(
    edge: number,
    [a, b, c, d]: readonly [number, number, number, number],
    x: number,
    y: number,
  ): string {
    const along = (from: number, to: number) => ((threshold - from) / (to - from)) * step
    // Plus half a pixel: a value belongs to the centre of its pixel.
    const at = (px: number, py: number) => `${round(px + 0.5)} ${round(py + 0.5)}`
    switch (edge) {
      case TOP:
        return at(x + along(a, b), y)
      case RIGHT:
        return at(x + step, y + along(b, c))
      case BOTTOM:
        return at(x + along(d, c), y + step)
      default:
        return at(x, y + along(a, d))
    }
  }
}

const round = (value: number) => Math.round(value * 10) / 10
