import { screen, waitFor } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { expect, test } from 'vitest'

import { problem, serveJob, server } from '@/testing/server'
import { JOB_ID, makeItem, makeJob, makeResult } from '@/testing/wire'

import { openDashboard } from './open-dashboard'

const NEXT_ID = '01KBBBBBBBBBBBBBBBBBBBBBBB'

const refused = makeItem({
  state: 'rejected',
  result: makeResult({
    probability: null,
    positive: null,
    regions: [],
    reasons: [{ code: 'inverted', detail: '' }],
  }),
})

function serveUpload() {
  server.use(
    http.get('*/v1/jobs/:id/items/0/upload', () => HttpResponse.arrayBuffer(new ArrayBuffer(3))),
  )
}

test('a film that was refused as inverted is submitted again to be read inverted', async () => {
  serveJob(makeJob([refused], { priority: 'stat', reference: 'Ward 3' }))
  serveUpload()
  const sent: FormData[] = []
  const job = makeJob([makeItem({ photometric: 'inverted' }, NEXT_ID)], { id: NEXT_ID })
  server.use(
    http.get(`*/v1/jobs/${NEXT_ID}`, () => HttpResponse.json(job)),
    http.post('*/v1/jobs', async ({ request }) => {
      sent.push(await request.formData())
      return HttpResponse.json(job, { status: 202 })
    }),
  )
  const user = openDashboard(`/jobs/${JOB_ID}/items/0`)

  await user.click(await screen.findByRole('button', { name: 'Read it inverted' }))

  await waitFor(() => expect(window.location.pathname).toBe(`/jobs/${NEXT_ID}/items/0`))
  expect(sent.map((form) => form.get('photometric'))).toEqual(['inverted'])
  expect(sent[0]?.get('priority')).toBe('stat')
  expect(sent[0]?.get('reference')).toBe('Ward 3')
  expect(sent[0]?.has('files')).toBe(true)
})

test('the reason is shown if the film could not be submitted again', async () => {
  serveJob(makeJob([refused]))
  serveUpload()
  server.use(http.post('*/v1/jobs', () => problem(503, 'unavailable')))
  const user = openDashboard(`/jobs/${JOB_ID}/items/0`)

  await user.click(await screen.findByRole('button', { name: 'Read it inverted' }))

  expect(await screen.findByRole('alert')).toHaveTextContent('could not be submitted again')
})

test('a film that was read inverted already is not offered to be read so again', async () => {
  serveJob(makeJob([{ ...refused, photometric: 'inverted' }]))
  openDashboard(`/jobs/${JOB_ID}/items/0`)

  expect(await screen.findByText('Not scored')).toBeVisible()
  expect(screen.queryByRole('button', { name: 'Read it inverted' })).toBeNull()
})
