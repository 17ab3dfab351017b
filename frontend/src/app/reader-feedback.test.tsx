import { screen, waitFor } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { expect, test } from 'vitest'

import type { Feedback, NewFeedback } from '@/shared/api/wire'
import { problem, serveJob, server } from '@/testing/server'
import { JOB_ID, makeItem, makeJob, makeRow, makeWorklist } from '@/testing/wire'

import { openDashboard } from './open-dashboard'

const SAID: Feedback = {
  opinion: 'agree',
  comment: null,
  said_at: '2026-11-23T02:10:00Z',
  said_by: null,
  model: { name: 'pneumocam', version: '1.0.0' },
  probability: 0.83,
  threshold: 0.41,
}

/** Serve feedback, and return what was received. */
function serveFeedback() {
  const told: NewFeedback[] = []
  server.use(
    http.post(`*/v1/jobs/${JOB_ID}/items/0/feedback`, async ({ request }) => {
      const feedback = (await request.json()) as NewFeedback
      told.push(feedback)
      const comment = feedback.comment === '' ? null : feedback.comment
      return HttpResponse.json({ ...SAID, ...feedback, comment }, { status: 201 })
    }),
  )
  return told
}

test('disagreeing with a comment needs the keyboard alone', async () => {
  serveJob(makeJob())
  const told = serveFeedback()
  const user = openDashboard(`/jobs/${JOB_ID}/items/0`)
  await screen.findByTestId('probability')

  await user.keyboard('d')
  expect(screen.getByLabelText('Comment, if you like')).toHaveFocus()
  await user.keyboard('A skin fold, map is m{Control>}{Enter}{/Control}')

  expect(await screen.findByText(/^Disagree, said on/)).toBeVisible()
  expect(screen.getByText('A skin fold, map is m')).toBeVisible()
  expect(told).toEqual([{ opinion: 'disagree', comment: 'A skin fold, map is m' }])
  expect(screen.getByRole('radio', { name: /Disagree/ })).toBeChecked()
  expect(screen.getByTestId('activation-map')).toBeInTheDocument()
})

test('an earlier opinion is shown, and can be changed', async () => {
  const model = { name: 'pneumocam', version: '0.9.0' }
  const feedback: Feedback = { ...SAID, model, comment: 'Seen on CT' }
  serveJob(makeJob([makeItem({ feedback })]))
  const told = serveFeedback()
  const user = openDashboard(`/jobs/${JOB_ID}/items/0`)

  expect(await screen.findByText('Seen on CT')).toBeVisible()
  expect(screen.getByText(/It was about version 0.9.0/)).toBeVisible()
  await user.click(screen.getByRole('radio', { name: /Disagree/ }))
  await user.click(screen.getByRole('button', { name: 'Save' }))

  await waitFor(() => expect(told).toEqual([{ opinion: 'disagree', comment: '' }]))
  expect(await screen.findByText(/^Disagree, said on/)).toBeVisible()
  expect(screen.queryByText('Seen on CT')).not.toBeInTheDocument()
})

test('feedback that could not be saved stays in the form, with the reason', async () => {
  serveJob(makeJob())
  server.use(http.post('*/feedback', () => problem(503, 'away')))
  const user = openDashboard(`/jobs/${JOB_ID}/items/0`)
  await screen.findByTestId('probability')

  await user.keyboard('awell{Control>}{Enter}{/Control}')

  expect(await screen.findByRole('alert')).toHaveTextContent(/Not saved.*cannot answer at present/)
  expect(screen.getByLabelText('Comment, if you like')).toHaveValue('well')

  await user.keyboard('{Escape}')
  expect(screen.queryByLabelText('Comment, if you like')).not.toBeInTheDocument()
  expect(screen.getByTestId('probability')).toBeVisible()
})

test('the worklist shows the opinion on a film', async () => {
  const item = makeItem({ feedback: { ...SAID, opinion: 'disagree' } })
  server.use(http.get('*/v1/jobs', () => HttpResponse.json(makeWorklist([makeRow({ item })]))))

  openDashboard('/')

  expect(await screen.findByTitle('Disagree')).toHaveTextContent('Disagree')
})
