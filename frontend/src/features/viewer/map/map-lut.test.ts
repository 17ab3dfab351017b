import { expect, test } from 'vitest'

import { coverage, mapLut } from './map-lut'

const alphaOf = (pixel: number | undefined) => (pixel ?? 0) >>> 24

test('activations below the floor are transparent', () => {
  const table = mapLut('viridis', 0.5)

  expect(alphaOf(table[100])).toBe(0)
  expect(alphaOf(table[255])).toBe(255)
})

test('without a floor the whole map is shown', () => {
  expect(coverage(0, 0)).toBe(1)
})
