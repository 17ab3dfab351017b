import { screen, within } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { expect, test } from 'vitest'

import type { Drift, FilmsOfDay } from '@/shared/api/wire'
import { problem, server } from '@/testing/server'

import { openDashboard } from './open-dashboard'

const CARD = {
  name: 'pneumocam',
  version: '2.0.0',
  metrics: [
    { name: 'sensitivity', value: 0.888, low: 0.85, high: 0.92, films: 1370, data: 'cross' },
    { name: 'specificity', value: 0.552, low: 0.52, high: 0.585, films: 1370, data: 'cross' },
    { name: 'auroc_age_0_to_17', value: 0.72, low: 0.57, high: 0.89, films: 66, data: 'cross' },
  ],
}

const filmsOf = (change: Partial<FilmsOfDay>): FilmsOfDay => ({
  day: '2026-11-23',
  model_version: '2.0.0',
  succeeded: 4,
  rejected: 1,
  failed: 0,
  above_threshold: 3,
  mean_probability: 0.5,
  scores: [1, 0, 0, 0, 0, 0, 0, 0, 0, 3],
  views: { PA: 4, not_stated: 1 },
  reasons: { not_upright: 1 },
  ...change,
})

const CURVES = {
  data: 'cross',
  films: 4,
  positives: 1,
  threshold: [0.8, 0.4],
  sensitivity: [0.5, 1],
  specificity: [0.9, 0],
  precision: [0.75, 0.25],
  reliability: [{ films: 2, mean_probability: 0.3, share: 0.4, low: 0.2, high: 0.6 }],
}

function open(drift: Partial<Drift>, card: Record<string, unknown> = CARD) {
  server.use(
    http.get('*/v1/model', () => HttpResponse.json(card)),
    http.get('*/v1/model/drift', () =>
      HttpResponse.json<Drift>({
        as_of: '2026-11-23T09:00:00Z',
        first_day: '2026-10-27',
        days: [],
        training_set: null,
        ...drift,
      }),
    ),
  )
  return openDashboard('/model')
}

test('the operating point is shown in words and in a table', async () => {
  const user = open({})

  expect(
    await screen.findByText('Of 100 films with opacity, about 89 are above the threshold.'),
  ).toBeVisible()
  expect(screen.getByText('Of 100 films without, about 45 are above it too.')).toBeVisible()
  expect(screen.getByText('AUROC, ages 0 to 17')).toBeVisible()
  const figure = screen.getByRole('figure', { name: /^Sensitivity and false alarms/ })
  await user.click(within(figure).getByText('As a table'))
  expect(within(figure).getByRole('cell', { name: '0.850 – 0.920' })).toBeVisible()
})

test('the curves of the card are shown as tables too', async () => {
  const user = open({}, { ...CARD, curves: CURVES })
  const rowsOf = async (name: RegExp) => {
    const figure = await screen.findByRole('figure', { name })
    await user.click(within(figure).getByText('As a table'))
    return within(figure)
      .getAllByRole('row')
      .slice(1)
      .map((row) => row.textContent)
  }

  expect(await rowsOf(/ROC curve/)).toEqual(['0.80000.5000.100', '0.40001.0001.000'])
  expect(await rowsOf(/precision-recall curve/)).toEqual(['0.80000.5000.750', '0.40001.0000.250'])
  expect(await rowsOf(/reliability diagram/)).toEqual(['0.3000.4000.200 – 0.6002'])
  expect(screen.getByText(/the share with opacity, 25 %/)).toBeVisible()
})

test('curves of another form are ignored, and the operating point is shown', async () => {
  open({}, { ...CARD, curves: { ...CURVES, precision: [0.75] } })

  expect(await screen.findByText(/The card holds this point and no curve/)).toBeVisible()
})

test('the films of the last weeks are compared with the training set, as tables too', async () => {
  const user = open({
    days: [filmsOf({})],
    training_set: {
      films: 1370,
      views: { PA: 757, AP: 613 },
      mean_probability: 0.255,
      above_threshold: 0.56,
      rejected: 0.0025,
    },
  })

  expect(await screen.findByText(/All together 75 % .*Training set 56 %/)).toBeVisible()
  expect(screen.getByText(/Mean 50 %.*Training set 26 %/)).toBeVisible()
  expect(screen.getByText(/All together 20 %.*frontal films < 1 %/)).toBeVisible()
  expect(screen.getByText('The film lies on its side or stands on its head.')).toBeVisible()
  const views = screen.getByRole('figure', { name: 'Views that the films state' })
  await user.click(within(views).getByText('As a table'))
  const row = within(views).getByRole('row', { name: /^PA/ })
  expect(
    within(row)
      .getAllByRole('cell')
      .map((cell) => cell.textContent),
  ).toEqual(['80 %', '4', '55 %'])
})

test('each version of the network has its own figures', async () => {
  const user = open({
    days: [filmsOf({ day: '2026-11-01', model_version: '1.0.0', succeeded: 9 }), filmsOf({})],
  })
  const figure = await screen.findByRole('figure', { name: /^Films finished each day/ })
  const total = () => screen.getByText(/that are not erased/)
  expect(total()).toHaveTextContent('5 films')
  expect(figure).toBeVisible()

  await user.selectOptions(screen.getByLabelText('Version of the network'), 'Version 1.0.0')

  expect(total()).toHaveTextContent('10 films')
  expect(total()).toHaveTextContent('What the training set looked like is not known.')
})

test('without films a notice says that there is nothing to compare', async () => {
  open({})

  expect(await screen.findByText('No film was finished in the last four weeks')).toBeVisible()
  expect(screen.getByRole('link', { name: 'Export (CSV)' })).toHaveAttribute(
    'href',
    '/v1/feedback.csv',
  )
})

test('the card is shown although the figures cannot be loaded', async () => {
  open({})
  server.use(http.get('*/v1/model/drift', () => problem(422, 'no')))

  expect(await screen.findByText('AUROC, ages 0 to 17')).toBeVisible()
  expect(await screen.findByRole('alert')).toHaveTextContent('This could not be loaded')
})
