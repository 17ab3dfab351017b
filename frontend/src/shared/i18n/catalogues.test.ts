import { expect, test } from 'vitest'

import { en } from './en'
import { es } from './es'

test('both languages explain the same codes', () => {
  expect(Object.keys(es.error.known)).toEqual(Object.keys(en.error.known))
  expect(Object.keys(es.reason.known)).toEqual(Object.keys(en.reason.known))
})
