import { expect, test } from 'vitest'

import { bytes, dayOfMonth, duration, percent, percentPair } from './figures'

test('a probability is a whole percentage', () => {
  expect(percent(0.83)).toBe('83 %')
  expect(percent(0.005)).toBe('1 %')
})

test('a probability that is neither 0 nor 1 is never shown as such', () => {
  expect(percent(0.001)).toBe('<\u00a01\u00a0%')
  expect(percent(0.999)).toBe('>\u00a099\u00a0%')
})

test('a probability beside its threshold has the decimals that tell them apart', () => {
  expect(percentPair(0.83, 0.41)).toEqual(['83 %', '41 %'])
  expect(percentPair(0.412, 0.41)).toEqual(['41.2 %', '41.0 %'])
  expect(percentPair(0.4101, 0.41)).toEqual(['41.01 %', '41.00 %'])
  expect(percentPair(0.41, 0.41)).toEqual(['41 %', '41 %'])
})

test('a file size is in the unit that file managers use', () => {
  expect(bytes(0, 'en')).toBe('0 B')
  expect(bytes(39_400, 'en')).toBe('39 kB')
  expect(bytes(8_400_000, 'es')).toBe('8,4 MB')
})

test('a duration has its one or two largest units, rounded down', () => {
  const units = { seconds: 's', minutes: 'min', hours: 'h', days: 'd' }
  const shown = (seconds: number) => duration(seconds * 1_000, units)

  expect([0.4, 59.9, 60, 599, 600, 3_599].map(shown)).toEqual([
    '< 1 s',
    '59 s',
    '1 min 0 s',
    '9 min 59 s',
    '10 min',
    '59 min',
  ])
  expect([3_600, 86_399, 86_400, 2 * 86_400 + 3_600].map(shown)).toEqual([
    '1 h 0 min',
    '23 h 59 min',
    '1 d 0 h',
    '2 d 1 h',
  ])
})

test('a day is the same in every time zone', () => {
  expect(dayOfMonth('2026-11-01', 'en')).toBe('Nov 1')
  expect(dayOfMonth('2026-11-01', 'es')).toBe('1 nov')
})
