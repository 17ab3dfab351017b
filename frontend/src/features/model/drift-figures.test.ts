import { expect, test } from 'vitest'

import type { Drift, FilmsOfDay } from '@/shared/api/wire'

import { driftFigures, shareOf, versionsOf } from './drift-figures'

const day = (change: Partial<FilmsOfDay>): FilmsOfDay => ({
  day: '2026-11-23',
  model_version: '1.0.0',
  succeeded: 0,
  rejected: 0,
  failed: 0,
  above_threshold: 0,
  mean_probability: null,
  scores: Array<number>(10).fill(0),
  views: {},
  reasons: {},
  ...change,
})

const drift = (days: FilmsOfDay[]): Drift => ({
  as_of: '2026-11-23T09:00:00Z',
  first_day: '2026-10-27',
  days,
  training_set: null,
})

test('each day has its figures, and a day without films has none', () => {
  const scores = [1, 0, 0, 0, 0, 0, 0, 0, 0, 3]
  const figures = driftFigures(
    drift([
      day({ day: '2026-11-10', succeeded: 4, above_threshold: 3, mean_probability: 0.5, scores }),
      day({ succeeded: 1, rejected: 1, mean_probability: 1, views: { PA: 2 } }),
      day({ model_version: null, failed: 2 }),
    ]),
    '1.0.0',
  )

  expect(figures.days).toHaveLength(28)
  expect(figures.days[0]).toMatchObject({
    date: '2026-10-27',
    succeeded: 0,
    above: { value: null },
  })
  expect(figures.days[14]).toMatchObject({
    date: '2026-11-10',
    succeeded: 4,
    above: { value: 0.75 },
  })
  expect(figures.days[27]).toMatchObject({ date: '2026-11-23', rejected: 1, failed: 2 })
  expect(figures.films).toBe(8)
  expect(figures.meanProbability).toBe(0.6)
  expect(figures.rejected).toMatchObject({ count: 1, of: 6 })
  expect(figures.before[9]).toBe(0.75)
  expect(figures.lastWeek).toEqual(Array(10).fill(0))
  expect(figures.views.PA).toMatchObject({ count: 2, of: 6 })
})

test('versions are listed with the latest first', () => {
  const both = drift([
    day({ day: '2026-11-01', model_version: '1.0.0', succeeded: 5 }),
    day({ day: '2026-11-20', model_version: '2.0.0', succeeded: 3 }),
    day({ day: '2026-11-21', model_version: null, failed: 1 }),
  ])

  expect(versionsOf(both)).toEqual(['2.0.0', '1.0.0'])
  expect(driftFigures(both, '1.0.0').above.of).toBe(5)
  expect(driftFigures(both, null).above.of).toBe(8)
})

test('the interval of a share is Wilson’s', () => {
  // The example of R's prop.test(15, 20, correct = FALSE).
  const { value, low, high } = shareOf(15, 20)

  expect(value).toBe(0.75)
  expect(low).toBeCloseTo(0.5313, 4)
  expect(high).toBeCloseTo(0.8881, 4)
  expect(shareOf(0, 10).low).toBe(0)
})

test('rejections are counted by reason, the most frequent first', () => {
  const figures = driftFigures(
    drift([
      day({ rejected: 1, reasons: { not_upright: 1 } }),
      day({ day: '2026-11-22', rejected: 3, reasons: { not_upright: 1, inverted: 2 } }),
      day({ day: '2026-11-21', rejected: 1, reasons: { inverted: 1 } }),
    ]),
    null,
  )

  expect(figures.reasons).toEqual([
    ['inverted', 3],
    ['not_upright', 2],
  ])
})
