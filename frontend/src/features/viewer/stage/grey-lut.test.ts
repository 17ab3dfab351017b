import { expect, test } from 'vitest'

import { FULL_WINDOW } from './film-view'
import { greyLut } from './grey-lut'

const greyOf = (pixel: number | undefined) => (pixel ?? 0) & 0xff
const alphaOf = (pixel: number | undefined) => (pixel ?? 0) >>> 24

test('the full window shows the film’s own grey values', () => {
  const table = greyLut(FULL_WINDOW, false)

  for (const value of [0, 1, 127, 128, 200, 255]) {
    expect(Math.abs(greyOf(table[value]) - value)).toBeLessThanOrEqual(1)
    expect(alphaOf(table[value])).toBe(255)
  }
})

test('inverting exchanges black and white', () => {
  const table = greyLut(FULL_WINDOW, true)

  expect(greyOf(table[0])).toBe(255)
  expect(greyOf(table[255])).toBeLessThanOrEqual(1)
})

test('a narrow window is black below and white above', () => {
  const table = greyLut({ width: 20, level: 100 }, false)

  expect(greyOf(table[89])).toBe(0)
  expect(greyOf(table[100])).toBe(128)
  expect(greyOf(table[111])).toBe(255)
})
