import { expect, test } from 'vitest'

import { COLOUR_SCALES } from './colour-scales'
import { FULL_WINDOW } from './film-view'
import { greyTable } from './grey-table'
import { coverage, mapTable } from './map-table'

const greyOf = (pixel: number | undefined) => (pixel ?? 0) & 0xff
const alphaOf = (pixel: number | undefined) => (pixel ?? 0) >>> 24

test('the full window shows the film as it came', () => {
  const table = greyTable(FULL_WINDOW, false)

  for (const value of [0, 1, 127, 128, 200, 255]) {
    expect(Math.abs(greyOf(table[value]) - value)).toBeLessThanOrEqual(1)
    expect(alphaOf(table[value])).toBe(255)
  }
})

test('inverted, black is white', () => {
  const table = greyTable(FULL_WINDOW, true)

  expect(greyOf(table[0])).toBe(255)
  expect(greyOf(table[255])).toBeLessThanOrEqual(1)
})

test('a narrow window is black below and white above', () => {
  const table = greyTable({ width: 20, level: 100 }, false)

  expect(greyOf(table[89])).toBe(0)
  expect(greyOf(table[100])).toBe(128)
  expect(greyOf(table[111])).toBe(255)
})

test('what lies under the floor does not cover the film', () => {
  const table = mapTable('viridis', 0.5)

  expect(alphaOf(table[100])).toBe(0)
  expect(alphaOf(table[255])).toBe(255)
})

test('without a floor the whole map is shown', () => {
  expect(coverage(0, 0)).toBe(1)
})

test('the scales end where their authors ended them', () => {
  expect(COLOUR_SCALES.viridis[0]).toEqual([0x44, 0x01, 0x54])
  expect(COLOUR_SCALES.viridis[255]).toEqual([0xfd, 0xe7, 0x25])
  expect(COLOUR_SCALES.magma[255]).toEqual([0xfc, 0xfd, 0xbf])
  expect(COLOUR_SCALES.cividis[255]).toEqual([0xfe, 0xe8, 0x38])
})

test('each scale gets lighter from end to end, so it can be read in grey', () => {
  for (const colours of Object.values(COLOUR_SCALES)) {
    const lightness = [0, 64, 128, 192, 255].map((value) => {
      const [red = 0, green = 0, blue = 0] = colours[value] ?? []
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    })
    expect(lightness).toEqual([...lightness].sort((a, b) => a - b))
  }
})
