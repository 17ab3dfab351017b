import { expect, test } from 'vitest'

import type { Explanation } from '@/shared/lib/codes'
import { explainCaution, explainError, explainReason } from '@/shared/lib/explain'

import { CATALOGUES, LANGUAGES } from './language'

const isSentence = (text: string) => /^[¿¡]?\p{Lu}.*\.$/su.test(text)

test.each(LANGUAGES)(
  '%s explains each code in sentences: its meaning and what to do',
  (language) => {
    const messages = CATALOGUES[language]
    const explanations: [string, Explanation][] = [
      ...Object.entries(messages.error.known),
      ...Object.entries(messages.reason.known),
    ]

    const wrong = explanations.filter(
      ([, { what, action }]) => !isSentence(what) || !isSentence(action),
    )

    expect(explanations.length).toBeGreaterThan(50)
    expect(wrong.map(([code]) => code)).toEqual([])
  },
)

test('the explanations of an error differ between the languages', () => {
  const { en, es } = CATALOGUES
  const english = new Set(Object.values(en.error.known).map(({ what }) => what))

  const same = Object.entries(es.error.known).filter(([, { what }]) => english.has(what))

  expect(same).toEqual([])
})

test('a code of a newer service is explained by the sentence of the service', () => {
  expect(explainError(CATALOGUES.en, 'constructor', 'The moon was wrong.').what).toBe(
    'The moon was wrong.',
  )
})

test.each(LANGUAGES)('%s has a general explanation for a code without a sentence', (language) => {
  const messages = CATALOGUES[language]

  expect(explainError(messages, 'new_code', '')).toEqual({
    what: messages.error.fallback,
    action: messages.error.action,
  })
  expect(explainReason(messages, 'new_code', '')).toEqual({
    what: messages.reason.fallback,
    action: messages.reason.action,
  })
  expect(isSentence(explainCaution(messages, 'new_code', ''))).toBe(true)
})
