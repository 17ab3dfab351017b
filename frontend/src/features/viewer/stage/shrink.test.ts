import { expect, test } from 'vitest'

import type { GreyPicture } from '@/shared/api/grey-picture'

import { shrink, shrunken } from './shrink'

function picture(rows: number[][]): GreyPicture {
  const pixels = Uint8ClampedArray.from(rows.flat())
  return { width: rows[0]?.length ?? 0, height: rows.length, pixels }
}

test('a pixel is the mean of the area that it covers', () => {
  const shrunken = shrink(
    picture([
      [0, 90, 30],
      [30, 60, 90],
      [90, 0, 60],
    ]),
    2 / 3,
  )

  expect(shrunken).toMatchObject({ width: 2, height: 2 })
  // Each covers 1.5 by 1.5 pixels: (0 + 90/2 + 30/2 + 60/4) / 2.25, and so on.
  expect([...shrunken.pixels]).toEqual([33, 60, 53, 53])
})

test('a uniform picture stays uniform up to its edges', () => {
  const even = picture(Array.from({ length: 101 }, () => new Array<number>(97).fill(201)))

  for (const scale of [0.1, 0.33, 0.79, 0.999]) {
    expect(new Set(shrink(even, scale).pixels)).toEqual(new Set([201]))
  }
})

test('a picture is never enlarged', () => {
  const small = picture([
    [1, 2],
    [3, 4],
  ])

  expect(shrink(small, 1)).toBe(small)
  expect(shrink(small, 3)).toBe(small)
  expect(shrink(small, 0.01)).toMatchObject({ width: 1, height: 1 })
})

test('a shrunken picture is cached until another scale is requested', () => {
  const film = picture(Array.from({ length: 8 }, () => new Array<number>(8).fill(7)))

  const half = shrunken(film, 0.5)

  expect(half).toEqual(shrink(film, 0.5))
  expect(shrunken(film, 0.5)).toBe(half)
  expect(shrunken(film, 0.25)).toMatchObject({ width: 2, height: 2 })
})
