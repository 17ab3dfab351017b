import { expect, test } from 'vitest'

import type { Feedback } from '@/shared/api/wire'
import { makeItem, makeResult, makeRow } from '@/testing/wire'

import { toCsv } from './export-csv'

const cellsOf = (csv: string) => {
  const [header = '', line = ''] = csv.split('\r\n')
  const cells = line.split(',')
  return Object.fromEntries(header.split(',').map((name, place) => [name, cells[place]]))
}

test('a film is one line with unrounded figures', () => {
  expect(cellsOf(toCsv([makeRow()]))).toMatchObject({
    filename: 'film.dcm',
    state: 'succeeded',
    probability: '0.83',
    threshold: '0.41',
    positive: 'true',
    model_version: '1.0.0',
    error: '',
  })
})

test('the cautions beside a result are in its line', () => {
  const cautions = [
    { code: 'age_unknown' as const, detail: '' },
    { code: 'side_assumed' as const, detail: '' },
  ]
  const row = makeRow({ item: makeItem({ result: makeResult({ cautions }) }) })

  expect(cellsOf(toCsv([row]))).toMatchObject({ cautions: 'age_unknown side_assumed' })
})

test('the opinion on a film is in its line', () => {
  const feedback: Feedback = {
    opinion: 'disagree',
    comment: 'A skin fold',
    said_at: '2026-11-23T02:10:00Z',
    said_by: null,
    model: { name: 'pneumocam', version: '0.9.0' },
    probability: 0.7,
    threshold: 0.4,
  }

  expect(cellsOf(toCsv([makeRow({ item: makeItem({ feedback }) })]))).toMatchObject({
    opinion: 'disagree',
    comment: 'A skin fold',
    said_of_version: '0.9.0',
  })
})

test('commas and quotes are quoted', () => {
  const csv = toCsv([makeRow({ reference: 'ward "3", bed 4' })])

  expect(csv).toContain('"ward ""3"", bed 4"')
})

test('a file name that a spreadsheet would calculate is text', () => {
  const csv = toCsv([makeRow({ item: makeItem({ filename: '=cmd()' }) })])

  expect(csv).toContain("'=cmd()")
})
