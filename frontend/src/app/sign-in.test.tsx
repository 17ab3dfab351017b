import { screen, waitFor } from '@testing-library/react'
import { http, HttpResponse } from 'msw'
import { expect, test } from 'vitest'

import type { Session } from '@/shared/api/wire'
import { problem, server } from '@/testing/server'
import { LIMITS, makeRow, makeWorklist } from '@/testing/wire'

import { openDashboard } from './open-dashboard'

const KEY = 'pcam_0123456789ab_secret'

/** Serve a session with one key; the browser is signed in or not. */
function serveKeys() {
  const state = { isSignedIn: false }
  const session = (): Session => ({
    keys_needed: true,
    name: state.isSignedIn ? 'ward 3' : null,
    scopes: state.isSignedIn ? ['submit', 'read'] : [],
    limits: LIMITS,
  })
  const refusal = (code: string) => {
    const body = { type: `urn:pneumocam:problem:${code}`, title: code, status: 401, detail: code }
    return HttpResponse.json({ ...body, request_id: 'request-1' }, { status: 401 })
  }
  server.use(
    http.get('*/v1/session', () => HttpResponse.json(session())),
    http.post('*/v1/session', async ({ request }) => {
      const { key } = (await request.json()) as { key: string }
      if (key !== KEY) return refusal('invalid_key')
      state.isSignedIn = true
      return HttpResponse.json(session())
    }),
    http.delete('*/v1/session', () => {
      state.isSignedIn = false
      return new HttpResponse(null, { status: 204 })
    }),
    http.get('*/v1/jobs', () =>
      state.isSignedIn ? HttpResponse.json(makeWorklist([makeRow()])) : refusal('key_required'),
    ),
  )
  return state
}

test('a key opens the page that was asked for, and signing out closes it', async () => {
  serveKeys()
  const user = openDashboard('/?sort=-probability')

  const field = await screen.findByLabelText('Key')
  expect(field).toHaveFocus()
  expect(screen.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  expect(screen.getByText(/not a diagnosis/i)).toBeVisible()

  await user.keyboard('wrong{Enter}')
  expect(await screen.findByRole('alert')).toHaveTextContent('does not know this key')
  expect(field).toHaveFocus()
  expect(field).toBeInvalid()

  await user.clear(field)
  await user.keyboard(`${KEY}{Enter}`)
  expect(await screen.findByRole('link', { name: 'film.dcm' })).toBeVisible()
  expect(window.location.search).toBe('?sort=-probability')

  await user.click(screen.getByRole('button', { name: 'Sign out (ward 3)' }))
  expect(await screen.findByLabelText('Key')).toBeVisible()
  expect(screen.queryByText('film.dcm')).not.toBeInTheDocument()
})

test('a session that ends while a page is open leads to the sign-in', async () => {
  const state = serveKeys()
  state.isSignedIn = true
  const user = openDashboard('/')
  await screen.findByRole('link', { name: 'film.dcm' })

  state.isSignedIn = false
  await user.click(screen.getByRole('button', { name: 'Above threshold' }))

  expect(await screen.findByLabelText('Key')).toBeVisible()
})

test('the sign-in says that the service is unreachable', async () => {
  serveKeys()
  server.use(http.post('*/v1/session', () => problem(503, 'The database is unavailable.')))
  const user = openDashboard('/')

  await user.type(await screen.findByLabelText('Key'), `${KEY}{Enter}`)

  await waitFor(() => expect(screen.getByRole('alert')).toHaveTextContent('cannot answer'))
})

test('without keys there is no sign-out', async () => {
  openDashboard('/')

  expect(await screen.findByText('No films yet')).toBeVisible()
  expect(screen.queryByRole('button', { name: /sign out/i })).not.toBeInTheDocument()
})
