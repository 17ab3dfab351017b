import { screen, waitFor } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { expect, test } from 'vitest'

import { server } from '@/testing/server'
import { JOB_ID, makeItem, makeJob, makeResult, makeRow, makeWorklist } from '@/testing/wire'
import { serveJob } from '@/testing/server'

import { openDashboard } from './open-dashboard'

const SECRET = 'Mustermann'

/** Serve a search by file name, and return the requested URLs and bodies. */
function serveSearch() {
  const items = ['a.dcm', 'b Mustermann.dcm', 'c Mustermann.dcm'].map((filename, index) =>
    makeItem({ index, filename }),
  )
  const rows = items.map((item) => makeRow({ item }))
  const asked: { address: string; body: unknown }[] = []
  server.use(
    http.get('*/v1/jobs', ({ request }) => {
      asked.push({ address: request.url, body: null })
      return HttpResponse.json(makeWorklist(rows))
    }),
    http.post('*/v1/jobs/search', async ({ request }) => {
      const body = (await request.json()) as { text: string }
      asked.push({ address: request.url, body })
      const found = rows.filter(({ item }) => item.filename.includes(body.text))
      return HttpResponse.json(makeWorklist(found))
    }),
  )
  serveJob(makeJob(items))
  return asked
}

test('a search finds films, next stays within them, and the text is in no address', async () => {
  const asked = serveSearch()
  const user = openDashboard('/?sort=-probability')
  await screen.findByRole('link', { name: 'a.dcm' })

  await user.type(screen.getByRole('textbox', { name: 'File name or reference' }), SECRET)
  await waitFor(() => expect(screen.queryByRole('link', { name: 'a.dcm' })).toBeNull())
  expect(asked.at(-1)?.body).toMatchObject({ text: SECRET, sort: '-probability' })

  await user.keyboard('{ArrowDown}')
  expect(screen.getByRole('link', { name: 'b Mustermann.dcm' })).toHaveFocus()
  await user.keyboard('{Enter}')
  expect(await screen.findByText('1 of 2')).toBeVisible()
  await user.keyboard('{PageDown}')
  expect(await screen.findByRole('heading', { name: 'c Mustermann.dcm' })).toBeVisible()
  await user.keyboard('{Escape}')
  expect(await screen.findByDisplayValue(SECRET)).toBeVisible()

  const kept = JSON.stringify([
    asked.map(({ address }) => address),
    window.location.href,
    history.state,
    localStorage,
    sessionStorage,
  ])
  expect(kept).not.toContain(SECRET)
})

test('a search that finds nothing says so, and is cleared with the filters', async () => {
  serveSearch()
  const user = openDashboard('/')
  const field = await screen.findByRole('textbox', { name: 'File name or reference' })

  await user.type(field, 'nobody')
  expect(await screen.findByText('No film matches')).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Show all' }))

  expect(await screen.findByRole('link', { name: 'a.dcm' })).toBeVisible()
  expect(field).toHaveValue('')
})

test('the worklist shows how long a film waits, or has waited', async () => {
  const queued = makeRow({
    item: makeItem({ index: 1, state: 'queued' }),
    created_at: '2026-11-23T02:05:58Z',
  })
  const read = makeRow({
    item: makeItem({ result: makeResult({ timings_ms: { queued: 65_000 } }) }),
  })
  server.use(http.get('*/v1/jobs', () => HttpResponse.json(makeWorklist([queued, read]))))

  openDashboard('/')

  // By the service's clock, 02:10:00, not this computer's.
  expect(await screen.findByText(/^4 min [2-9] s$/)).toBeVisible()
  expect(screen.getByText('1 min 5 s')).toBeVisible()
})

test('the list follows the service’s events', async () => {
  let rows = [makeRow({ item: makeItem({ filename: 'first.dcm' }) })]
  let tell: (change: string) => void = () => undefined
  server.use(
    http.get('*/v1/jobs', () => HttpResponse.json(makeWorklist(rows))),
    http.get('*/v1/jobs/events', () => {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          tell = (change) =>
            controller.enqueue(
              new TextEncoder().encode(`event: worklist\ndata: {"change":"${change}"}\n\n`),
            )
          tell('1')
        },
      })
      return new HttpResponse(body, { headers: { 'Content-Type': 'text/event-stream' } })
    }),
  )
  openDashboard('/')
  await screen.findByRole('link', { name: 'first.dcm' })

  rows = [makeRow({ job_id: JOB_ID.replace('K', 'L'), item: makeItem({ filename: 'new.dcm' }) })]
  tell('2')

  // Sooner than the next poll.
  expect(await screen.findByRole('link', { name: 'new.dcm' }, { timeout: 4_000 })).toBeVisible()
})
