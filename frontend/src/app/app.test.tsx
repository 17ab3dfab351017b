import { screen, waitFor, within } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { expect, test } from 'vitest'

import type { WorklistRow } from '@/shared/api/wire'
import { problem, serveJob, server } from '@/testing/server'
import { JOB_ID, makeItem, makeJob, makeResult, makeRow, makeWorklist } from '@/testing/wire'

import { openDashboard } from './open-dashboard'

const address = () => window.location.pathname + window.location.search

function serveWorklist(rows: WorklistRow[]) {
  const asked: URLSearchParams[] = []
  server.use(
    http.get('*/v1/jobs', ({ request }) => {
      asked.push(new URL(request.url).searchParams)
      return HttpResponse.json(makeWorklist(rows))
    }),
  )
  return asked
}

const film = (name = 'film.dcm') => new File([new Uint8Array(100).fill(3)], name)

test('a chosen film is scored and opens in the viewer with the same probability', async () => {
  const job = makeJob()
  server.use(http.post('*/v1/jobs', () => HttpResponse.json(job, { status: 202 })))
  serveJob(job)
  const user = openDashboard('/submit')

  await user.upload(screen.getByLabelText('Choose films'), film())
  const row = await screen.findByRole('listitem')
  expect(await within(row).findByText('83 %')).toBeVisible()
  expect(address()).toBe(`/jobs/${JOB_ID}`)

  await user.click(within(row).getByRole('link', { name: 'film.dcm' }))
  expect(await screen.findByTestId('probability')).toHaveTextContent('83 %')
  expect(screen.getByText('Above threshold')).toBeVisible()
  expect(screen.getByTestId('threshold')).toHaveTextContent('41 %')
  expect(screen.getByText('Patient’s left, lower third')).toBeVisible()
  expect(screen.getByText('12 % of the lung')).toBeVisible()
  expect(screen.getByTestId('lung-extent')).toHaveTextContent('right 0 %, left 12 %')
  expect(screen.getByText('pneumocam 1.0.0')).toBeVisible()
  expect(screen.getByText(/not a diagnosis/i)).toBeVisible()
  expect(await screen.findByTestId('film')).toBeInTheDocument()
  expect(await screen.findByTestId('activation-map')).toBeInTheDocument()
})

test('an archive becomes one item per file in it', async () => {
  const nested = { code: 'nested_archive' as const, detail: 'x' }
  const job = makeJob([
    makeItem({ filename: 'a.dcm' }),
    makeItem({ index: 1, filename: 'a.dcm' }),
    makeItem({ index: 2, filename: 'more.zip', state: 'failed', error: nested }),
  ])
  server.use(http.post('*/v1/jobs', () => HttpResponse.json(job, { status: 202 })))
  serveJob(job)
  const user = openDashboard('/submit')

  await user.upload(screen.getByLabelText('Choose films'), new File(['PK\x03\x04'], 'night.zip'))

  expect(await screen.findAllByRole('listitem')).toHaveLength(3)
  expect(screen.getByText('3 of 3 films done')).toBeVisible()
  expect(screen.getByText('2 above threshold')).toBeVisible()
  expect(screen.getByText('1 failed')).toBeVisible()
  expect(screen.getByText(/Unpack the outer archive/)).toBeVisible()
  expect(screen.queryByText('night.zip')).not.toBeInTheDocument()
})

test('an archive without a film says what is wrong with the files in it', async () => {
  const errors = [0, 1].map((index) => ({ code: 'not_an_image', detail: 'x', index, field: null }))
  server.use(
    http.post('*/v1/jobs', () => problem(415, 'Not one of the files is an image.', errors)),
  )
  const user = openDashboard('/submit')

  await user.upload(screen.getByLabelText('Choose films'), new File(['PK\x03\x04'], 'letters.zip'))

  const row = await screen.findByText('No file in this ZIP archive is a film that can be read.')
  expect(row).toBeVisible()
  expect(screen.getByText(/The file is not an image\./)).toBeVisible()
  expect(screen.getByText('1 failed')).toBeVisible()
})

test('a reload shows the submission again', async () => {
  serveJob(makeJob([makeItem({ filename: 'a.dcm' }), makeItem({ index: 1, filename: 'b.dcm' })]))

  openDashboard(`/jobs/${JOB_ID}`)

  expect(await screen.findAllByRole('listitem')).toHaveLength(2)
  expect(screen.getByText('2 of 2 films done')).toBeVisible()
})

test('a film whose analysis broke off is submitted again from the service’s copy', async () => {
  const error = { code: 'worker_lost' as const, detail: 'x' }
  const again = makeJob([makeItem()], { id: '01KBBBBBBBBBBBBBBBBBBBBBBB' })
  const asked: string[] = []
  server.use(
    http.get('*/v1/jobs/:id/items/:index/upload', ({ request }) => {
      asked.push(new URL(request.url).pathname)
      return new HttpResponse(new Uint8Array([3]))
    }),
    http.post('*/v1/jobs', () => HttpResponse.json(again, { status: 202 })),
  )
  serveJob(makeJob([makeItem({ state: 'failed', result: null, error })]))
  serveJob(again)
  const user = openDashboard(`/jobs/${JOB_ID}`)

  await user.click(await screen.findByRole('button', { name: 'Retry what failed' }))

  await waitFor(() => expect(address()).toBe(`/jobs/${JOB_ID},${again.id}`))
  expect(asked).toEqual([`/v1/jobs/${JOB_ID}/items/0/upload`])
  expect(await screen.findByText('83 %')).toBeVisible()
  expect(screen.queryByRole('button', { name: 'Retry what failed' })).not.toBeInTheDocument()
})

test('no retry is offered for a film that cannot be read', async () => {
  const error = { code: 'undecodable_image' as const, detail: 'x' }
  serveJob(makeJob([makeItem({ state: 'failed', result: null, error })]))

  openDashboard(`/jobs/${JOB_ID}`)

  expect(await screen.findByText('1 failed')).toBeVisible()
  expect(screen.queryByRole('button', { name: 'Retry what failed' })).not.toBeInTheDocument()
})

test('a film that is not scored says why and what to do', async () => {
  const reasons = [{ code: 'not_frontal_chest' as const, detail: 'x' }]
  const result = makeResult({ probability: null, positive: null, regions: [], reasons })
  serveJob(makeJob([makeItem({ state: 'rejected', result })]))

  openDashboard(`/jobs/${JOB_ID}/items/0`)

  expect(await screen.findByRole('heading', { name: 'Not scored' })).toBeVisible()
  expect(screen.getByText('This does not look like a frontal chest radiograph.')).toBeVisible()
  expect(screen.getByText(/Submit the PA or AP chest film/)).toBeVisible()
  expect(screen.getByText('not_frontal_chest')).toBeVisible()
  expect(screen.queryByTestId('probability')).not.toBeInTheDocument()
})

test('cautions are shown beside the probability', async () => {
  const cautions = [{ code: 'child' as const, detail: 'x' }]
  serveJob(makeJob([makeItem({ result: makeResult({ cautions }) })]))

  openDashboard(`/jobs/${JOB_ID}/items/0`)

  expect(await screen.findByTestId('probability')).toBeVisible()
  expect(screen.getByText(/The patient is a child/)).toBeVisible()
})

test('a failed film shows its code, and the service’s sentence where the code is new', async () => {
  // As a service that is newer than this page could send it.
  const error = { code: 'moon_phase' as 'unknown', detail: 'The moon was wrong.' }
  serveJob(makeJob([makeItem({ state: 'failed', error })]))

  openDashboard(`/jobs/${JOB_ID}/items/0`)

  expect(await screen.findByText('The moon was wrong.')).toBeVisible()
  expect(screen.getByText('moon_phase')).toBeVisible()
})

test('below the threshold the text says that this does not exclude an opacity', async () => {
  const result = makeResult({ probability: 0.1, positive: false, regions: [] })
  serveJob(makeJob([makeItem({ result })]))

  openDashboard(`/jobs/${JOB_ID}/items/0`)

  expect(await screen.findByText('Below threshold')).toBeVisible()
  expect(screen.getByText(/does not exclude one/)).toBeVisible()
})

test('the worklist is filtered and sorted by the address', async () => {
  const asked = serveWorklist([makeRow()])
  const user = openDashboard('/?sort=-probability')
  await screen.findByRole('link', { name: 'film.dcm' })

  await user.click(screen.getByRole('button', { name: 'Above threshold' }))

  await waitFor(() => expect(asked.at(-1)?.get('positive')).toBe('true'))
  expect(asked.at(-1)?.get('sort')).toBe('-probability')
  expect(new URLSearchParams(window.location.search).get('positive')).toBe('true')
})

test('the keyboard moves in the worklist, opens a film and goes to the next', async () => {
  const items = ['a.dcm', 'b.dcm', 'c.dcm'].map((filename, index) => makeItem({ index, filename }))
  serveWorklist(items.map((item) => makeRow({ item })))
  serveJob(makeJob(items))
  const user = openDashboard('/')
  ;(await screen.findByRole('link', { name: 'a.dcm' })).focus()

  await user.keyboard('{ArrowDown}')
  await waitFor(() => expect(screen.getByRole('link', { name: 'b.dcm' })).toHaveFocus())
  await user.keyboard('{Enter}')
  expect(await screen.findByRole('heading', { name: 'b.dcm' })).toBeVisible()

  await user.keyboard('{PageDown}')
  expect(await screen.findByRole('heading', { name: 'c.dcm' })).toBeVisible()
  expect(address()).toBe(`/jobs/${JOB_ID}/items/2`)

  await user.keyboard('{Escape}')
  expect(await screen.findByRole('table', { name: 'Worklist' })).toBeVisible()
})

test('the next film has a new view and the same tool', async () => {
  const items = ['a.dcm', 'b.dcm'].map((filename, index) => makeItem({ index, filename }))
  serveWorklist(items.map((item) => makeRow({ item })))
  serveJob(makeJob(items))
  const user = openDashboard(`/jobs/${JOB_ID}/items/0`)
  await user.click(await screen.findByRole('button', { name: 'Pan' }))
  await user.keyboard('i')
  await user.keyboard('a')
  await user.type(await screen.findByLabelText('Comment, if you like'), 'of the first film')
  expect(screen.getByRole('button', { name: 'Invert' })).toHaveAttribute('aria-pressed', 'true')

  await user.click(screen.getByRole('button', { name: 'Next film' }))

  expect(await screen.findByRole('heading', { name: 'b.dcm' })).toBeVisible()
  expect(screen.getByRole('button', { name: 'Invert' })).toHaveAttribute('aria-pressed', 'false')
  expect(screen.queryByLabelText('Comment, if you like')).not.toBeInTheDocument()
  expect(screen.getByRole('button', { name: 'Pan' })).toHaveAttribute('aria-pressed', 'true')
  expect(screen.getByRole('button', { name: 'Next film' })).toBeDisabled()
})

test('chosen films are erased with their jobs, after a confirmation', async () => {
  let rows = [makeRow({ item: makeItem({ filename: 'a.dcm' }) })]
  const erased: string[] = []
  server.use(
    http.get('*/v1/jobs', () => HttpResponse.json(makeWorklist(rows))),
    http.delete('*/v1/jobs/:id', ({ params }) => {
      erased.push(String(params['id']))
      rows = []
      return new HttpResponse(null, { status: 204 })
    }),
  )
  const user = openDashboard('/')
  await user.click(await screen.findByRole('checkbox', { name: 'Choose a.dcm' }))

  await user.click(screen.getByRole('button', { name: 'Erase 1 job' }))
  const dialog = screen.getByRole('dialog', { name: 'Erase 1 job?' })
  expect(erased).toEqual([])
  await user.click(within(dialog).getByRole('button', { name: 'Erase 1 job' }))

  expect(await screen.findByText('No films yet')).toBeVisible()
  expect(erased).toEqual([JOB_ID])
})

test('jobs that the key may not erase stay in the list, with the reason', async () => {
  const detail = 'This key may not erase.'
  const body = { type: 'urn:pneumocam:problem:missing_scope', title: detail, status: 403, detail }
  server.use(
    http.get('*/v1/jobs', () => HttpResponse.json(makeWorklist([makeRow()]))),
    http.delete('*/v1/jobs/:id', () => HttpResponse.json(body, { status: 403 })),
  )
  const user = openDashboard('/')

  await user.click(await screen.findByRole('checkbox', { name: 'Choose film.dcm' }))
  await user.click(screen.getByRole('button', { name: 'Erase 1 job' }))
  const dialog = screen.getByRole('dialog', { name: 'Erase 1 job?' })
  await user.click(within(dialog).getByRole('button', { name: 'Erase 1 job' }))

  expect(await screen.findByRole('alert')).toHaveTextContent('Your key may not do this.')
  expect(screen.getByText('1 film chosen')).toBeVisible()
})

test('an empty worklist says so, and a filter that matches nothing says that', async () => {
  const user = openDashboard('/')
  expect(await screen.findByText('No films yet')).toBeVisible()

  await user.click(screen.getByRole('button', { name: 'Failed' }))
  expect(await screen.findByText('No film matches')).toBeVisible()

  await user.click(screen.getByRole('button', { name: 'Show all' }))
  expect(await screen.findByText('No films yet')).toBeVisible()
})

test('an erased job says so', async () => {
  server.use(http.get(`*/v1/jobs/${JOB_ID}`, () => problem(410, 'Erased')))

  openDashboard(`/jobs/${JOB_ID}`)

  expect(await screen.findByText(/This job has been erased/)).toBeVisible()
})

test('an unreachable service is reported and polled', async () => {
  let isAway = true
  server.use(
    http.get('*/v1/jobs', () =>
      isAway ? HttpResponse.error() : HttpResponse.json(makeWorklist([makeRow()])),
    ),
  )
  const user = openDashboard('/')
  expect(
    await screen.findByText(/The service does not answer/, {}, { timeout: 5_000 }),
  ).toBeVisible()

  isAway = false
  await user.click(screen.getByRole('button', { name: 'Try again' }))

  expect(await screen.findByRole('link', { name: 'film.dcm' })).toBeVisible()
}, 10_000)

test('the header shows that the clock is ahead', async () => {
  const dependencies = { database: 'ok', clock: '40.0 days ahead' }
  server.use(http.get('*/readyz', () => HttpResponse.json({ ready: true, dependencies })))
  openDashboard('/')

  expect(await screen.findByText('Clock ahead: nothing expires')).toBeVisible()
})

test('the header shows an unreachable service as soon as a page finds it', async () => {
  let isAway = false
  server.use(
    http.get('*/v1/jobs', () =>
      isAway ? HttpResponse.error() : HttpResponse.json(makeWorklist([makeRow()])),
    ),
    http.get('*/readyz', () =>
      isAway ? HttpResponse.error() : HttpResponse.json({ ready: true, dependencies: {} }),
    ),
  )
  const user = openDashboard('/')
  expect(await screen.findByText('Service ready')).toBeVisible()

  isAway = true
  await user.click(await screen.findByRole('button', { name: 'Failed' }))

  // Well before the next poll.
  expect(await screen.findByText('Service not reachable', {}, { timeout: 5_000 })).toBeVisible()
}, 10_000)

test('the map is switched by key, and single keys can be switched off', async () => {
  serveJob(makeJob())
  const user = openDashboard(`/jobs/${JOB_ID}/items/0`)
  expect(await screen.findByTestId('activation-map')).toBeInTheDocument()

  await user.keyboard('m')
  expect(screen.queryByTestId('activation-map')).not.toBeInTheDocument()
  await user.keyboard('m')
  expect(screen.getByTestId('activation-map')).toBeInTheDocument()

  await user.keyboard('?')
  await user.click(screen.getByRole('switch', { name: 'Single-key shortcuts' }))
  await user.click(screen.getByRole('button', { name: 'Close' }))
  await user.keyboard('m')
  expect(screen.getByTestId('activation-map')).toBeInTheDocument()
})

test('the dashboard is in Spanish when chosen, also after a reload', async () => {
  const user = openDashboard('/')
  await user.click(screen.getByRole('button', { name: 'Settings' }))

  await user.click(screen.getByRole('radio', { name: 'Español' }))

  expect(await screen.findByRole('heading', { name: 'Lista de trabajo' })).toBeVisible()
  expect(document.documentElement).toHaveAttribute('lang', 'es')
  expect(localStorage.getItem('pneumocam.language')).toBe('"es"')
})
