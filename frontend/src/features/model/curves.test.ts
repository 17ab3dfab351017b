import { expect, test } from 'vitest'

import { scoreShares, type Curves } from './curves'

/** One film with opacity, scored 0.75, and three without, scored 0.55, 0.35 and 0.15. */
const CURVES: Curves = {
  films: 4,
  positives: 1,
  points: [
    { threshold: 0.75, sensitivity: 1, specificity: 1, precision: 1 },
    { threshold: 0.55, sensitivity: 1, specificity: 2 / 3, precision: 1 / 2 },
    { threshold: 0.35, sensitivity: 1, specificity: 1 / 3, precision: 1 / 3 },
    { threshold: 0.15, sensitivity: 1, specificity: 0, precision: 1 / 4 },
  ],
  reliability: [],
}

test('the shares of a card add up to one, in the bins of its thresholds', () => {
  const shares = scoreShares(CURVES, 10)

  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1)
  expect(shares[0]).toBeCloseTo(0)
  expect(shares[5]).toBeCloseTo(0.125)
  expect(shares.slice(5).reduce((sum, share) => sum + share, 0)).toBeCloseTo(0.5625)
})

test('films that all have one score are in its bin', () => {
  const point = { sensitivity: 1, specificity: 0, precision: 0.25 }

  const shares = scoreShares({ ...CURVES, points: [{ ...point, threshold: 0.9 }] }, 2)

  expect(shares[0]).toBeCloseTo(0)
  expect(shares[1]).toBeCloseTo(1)
})
