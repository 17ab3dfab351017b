import { expect, test } from 'vitest'

import { CAUTION_CODES, ERROR_CODES, REASON_CODES, type Explanation } from '@/shared/lib/codes'
import { explainError, explainReason } from '@/shared/lib/explain'

import { CATALOGUES, LANGUAGES } from './language'

const isSentence = (text: string) => /^[¿¡]?\p{Lu}.*\.$/su.test(text)

test.each(LANGUAGES)('%s says of every code what it means and what to do', (language) => {
  const messages = CATALOGUES[language]
  const told: [string, Explanation][] = [
    ...ERROR_CODES.map((code): [string, Explanation] => [code, explainError(messages, code, '')]),
    ...REASON_CODES.map((code): [string, Explanation] => [code, explainReason(messages, code, '')]),
  ]

  const speechless = told.filter(
    ([, { what, action }]) =>
      what === messages.error.fallback ||
      what === messages.reason.fallback ||
      !isSentence(what) ||
      !isSentence(action),
  )

  expect(speechless.map(([code]) => code)).toEqual([])
})

test.each(LANGUAGES)('%s explains nothing that no list has', (language) => {
  const { error, reason, result } = CATALOGUES[language]

  expect(Object.keys(error.known).sort()).toEqual([...ERROR_CODES].sort())
  expect(Object.keys(result.cautions).sort()).toEqual([...CAUTION_CODES].sort())
  expect(Object.keys(reason.known).sort()).toEqual([...REASON_CODES].sort())
})

test('the languages differ in the words of every code', () => {
  const { en, es } = CATALOGUES

  const same = ERROR_CODES.filter((code) => en.error.known[code].what === es.error.known[code].what)

  expect(same).toEqual([])
})

test('a code that is new is told in the service’s own sentence', () => {
  expect(explainError(CATALOGUES.en, 'constructor', 'The moon was wrong.').what).toBe(
    'The moon was wrong.',
  )
})
