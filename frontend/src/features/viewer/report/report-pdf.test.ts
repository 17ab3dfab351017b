import { inflateSync } from 'node:zlib'

import { expect, test } from 'vitest'

import { CATALOGUES, type Language } from '@/shared/i18n/language'
import type { Item } from '@/shared/api/wire'
import { makeItem, makeJob, makeResult } from '@/testing/wire'

import type { MapLook } from '../map/map-settings'
import { reportContent } from './report-content'
import { reportPdf } from './report-pdf'
import { brokenLines } from './text-as-picture'

const LOOK: MapLook = {
  opacity: 0.45,
  floor: 0.2,
  scale: 'magma',
  hasContours: false,
  hasBoxes: true,
}
const NOW = new Date('2026-11-23T03:00:00Z')

/** Make a report without pictures, and return its text and bytes. */
async function written(item: Item, language: Language = 'en') {
  const job = makeJob([item], { reference: 'Ward 3' })
  const messages = CATALOGUES[language]
  const content = reportContent({ item, job, look: LOOK }, messages, language, NOW)
  const pictures = { film: null, heatmap: null, colourBar: document.createElement('canvas') }
  const blob = reportPdf(content, pictures, messages, language)
  const bytes = Buffer.from(await blob.arrayBuffer()).toString('latin1')
  const streams = [...bytes.matchAll(/stream\n([\s\S]*?)\nendstream/g)].map(([, stream = '']) =>
    inflateSync(Buffer.from(stream, 'latin1')),
  )
  const text = streams
    // Windows-1252; this apostrophe is its only character here that Latin-1 lacks.
    .map((stream) => stream.toString('latin1').replaceAll('\x92', '’'))
    .join('')
    .match(/\((?:\\.|[^\\)])*\) Tj/g)
    ?.map((shown) => shown.slice(1, -4).replaceAll(/\\(.)/g, '$1'))
    .join(' ')
  return { bytes, text: text ?? '' }
}

test('a report states probability, threshold, meaning and that it is no diagnosis', async () => {
  const cautions = [{ code: 'age_unknown' as const, detail: '' }]
  const { bytes, text } = await written(makeItem({ result: makeResult({ cautions }) }))

  for (const words of [
    '83 %',
    'Above threshold',
    'Threshold 41 %',
    'of 100 films with this score, about 83 have an opacity',
    'Patient’s left, lower third, 12 % of the lung, peak 0.91',
    'right 0 %, left 12 %',
    'The file gives no age',
    'pneumocam 1.0.0',
    'film.dcm',
    'Ward 3',
    '2048 × 2500 px',
    'not a diagnosis',
    'Made on Nov 23, 2026',
    'Page 1 of 1',
  ]) {
    expect(text).toContain(words)
  }
  // A4, in points.
  expect(bytes).toMatch(/\/MediaBox \[0 0 595\.2\d+ 841\.8\d+\]/)
})

test('a report of a film that was not scored says why, and gives no number', async () => {
  const reasons = [{ code: 'not_upright' as const, detail: '' }]
  const result = makeResult({ probability: null, positive: null, regions: [], reasons })
  const { text } = await written(makeItem({ state: 'rejected', result }))

  expect(text).toContain('Not scored')
  expect(text).toContain('The film lies on its side')
  expect(text).toContain('not_upright')
  expect(text).not.toContain('Threshold')
})

test.each([
  ['en', 'Patient’s left (side assumed)'],
  ['es', 'Izquierda del paciente (lado supuesto)'],
] as const)(
  'a report says beside a region that its side is assumed: %s',
  async (language, words) => {
    const cautions = [{ code: 'side_assumed' as const, detail: '' }]
    const assumed = makeItem({ result: makeResult({ cautions }) })

    expect((await written(assumed, language)).text).toContain(words)
    expect((await written(makeItem(), language)).text).not.toContain(words)
  },
)

test('a report is in the language of the dashboard', async () => {
  const { bytes, text } = await written(makeItem(), 'es')

  expect(text).toContain('Informe de PneumoCAM')
  expect(text).toContain('Probabilidad de una opacidad compatible con neumonía')
  expect(text).toContain('ni un diagnóstico')
  expect(bytes).toContain('/Lang (es)')
})

test('the opinion on a film is in its report', async () => {
  const { text } = await written(
    makeItem({
      feedback: {
        opinion: 'disagree',
        comment: 'A skin fold (left)',
        said_at: '2026-11-23T02:10:00Z',
        said_by: null,
        model: { name: 'pneumocam', version: '1.0.0' },
        probability: 0.83,
        threshold: 0.41,
      },
    }),
  )

  expect(text).toContain('Disagree, said on')
  expect(text).toContain('A skin fold (left)')
})

test('a text in another script is broken between letters where the line is full', () => {
  const fits = (part: string) => [...new Intl.Segmenter().segment(part)].length <= 4

  expect(brokenLines('胸部正面像', fits)).toEqual(['胸部正面', '像'])
  expect(brokenLines('ab\ncd', fits)).toEqual(['ab', 'cd'])
  expect(brokenLines('👩‍⚕️👩‍⚕️👩‍⚕️👩‍⚕️👩‍⚕️', fits)).toEqual(['👩‍⚕️👩‍⚕️👩‍⚕️👩‍⚕️', '👩‍⚕️'])
})
