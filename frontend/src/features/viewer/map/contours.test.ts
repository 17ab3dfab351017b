import { expect, test } from 'vitest'

import { contourPath } from './contours'

/** A picture with values given by a function of x and y. */
function picture(width: number, height: number, value: (x: number, y: number) => number) {
  const pixels = new Uint8ClampedArray(width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) pixels[y * width + x] = value(x, y)
  }
  return { width, height, pixels }
}

const pointsOf = (path: string) =>
  [...path.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(([, x, y]) => ({ x: Number(x), y: Number(y) }))

test('the contour of a slope is a straight line at the level', () => {
  const slope = picture(11, 4, (x) => x * 25.5)

  const points = pointsOf(contourPath(slope, 0.5, 1))

  // Half of 255 is reached at x = 5, the middle of which is 5.5.
  expect(points.length).toBeGreaterThan(0)
  expect(new Set(points.map((point) => point.x))).toEqual(new Set([5.5]))
})

test('the contour of a disc is a circle', () => {
  const disc = picture(64, 64, (x, y) => 255 - 6 * Math.hypot(x - 31.5, y - 31.5))

  const radii = pointsOf(contourPath(disc, 0.5, 1)).map(({ x, y }) => Math.hypot(x - 32, y - 32))

  // 255 - 6 r = 127.5 where r = 21.25.
  expect(Math.min(...radii)).toBeGreaterThan(21)
  expect(Math.max(...radii)).toBeLessThan(21.5)
})

test('a map that never reaches the level has no line', () => {
  expect(
    contourPath(
      picture(8, 8, () => 20),
      0.5,
      1,
    ),
  ).toBe('')
})
