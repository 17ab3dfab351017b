import { expect, test } from 'vitest'

import { bytes, percent, percentPair } from './figures'

test('a probability is a whole percentage', () => {
  expect(percent(0.83)).toBe('83 %')
  expect(percent(0.005)).toBe('1 %')
})

test('a probability that is neither 0 nor 1 is never shown as such', () => {
  expect(percent(0.001)).toBe('< 1 %')
  expect(percent(0.999)).toBe('> 99 %')
})

test('a probability beside its threshold has the decimals that tell them apart', () => {
  expect(percentPair(0.83, 0.41)).toEqual(['83 %', '41 %'])
  expect(percentPair(0.412, 0.41)).toEqual(['41.2 %', '41.0 %'])
  expect(percentPair(0.4101, 0.41)).toEqual(['41.01 %', '41.00 %'])
  expect(percentPair(0.41, 0.41)).toEqual(['41 %', '41 %'])
})

test('a size is in the unit that file managers use', () => {
  expect(bytes(0, 'en')).toBe('0 B')
  expect(bytes(39_400, 'en')).toBe('39 kB')
  expect(bytes(8_400_000, 'es')).toBe('8,4 MB')
})
