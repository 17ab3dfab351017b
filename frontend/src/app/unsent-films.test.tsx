import { File as NodeFile } from 'node:buffer'

import { screen, waitFor } from '@testing-library/react'
import { IDBFactory } from 'fake-indexeddb'
import 'fake-indexeddb/auto'
import { http, HttpResponse } from 'msw'
import { beforeEach, expect, test, vi } from 'vitest'

import { FilmStore } from '@/features/submission/queue/film-store'
import type { Session } from '@/shared/api/wire'
import { server } from '@/testing/server'
import { LIMITS } from '@/testing/wire'

import { openDashboard } from './open-dashboard'

const NOBODY: ReadonlySet<string> = new Set()

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory())
  // Blobs of jsdom cannot be stored in fake-indexeddb.
  vi.stubGlobal('File', NodeFile)
})

/** Store a film as a page does that is closed while sending. */
async function leaveFilm(owner: string | null) {
  await new FilmStore('gone').keep(
    {
      id: 'a',
      order: 0,
      file: new File(['bytes'], 'a.dcm'),
      isArchive: false,
      options: { priority: 'routine', reference: '' },
      state: 'waiting',
      sent: 0,
      error: null,
      isKept: null,
    },
    owner,
  )
}

const isLeft = async (owner: string | null) =>
  (await new FilmStore('test').unsent(NOBODY, owner)).length > 0

function signedInAs(name: string) {
  const state = { isSignedIn: true }
  server.use(
    http.get('*/v1/session', () =>
      HttpResponse.json<Session>({
        keys_needed: true,
        name: state.isSignedIn ? name : null,
        scopes: ['submit', 'read'],
        limits: LIMITS,
      }),
    ),
    http.delete('*/v1/session', () => {
      state.isSignedIn = false
      return new HttpResponse(null, { status: 204 })
    }),
  )
}

test('unsent films of an earlier page are offered, and erased when discarded', async () => {
  await leaveFilm(null)
  const user = openDashboard('/')

  expect(await screen.findByText('1 film was not sent when this page was left.')).toBeVisible()
  expect(screen.getByRole('button', { name: 'Send now' })).toBeVisible()
  await user.click(screen.getByRole('button', { name: 'Discard' }))

  expect(screen.queryByText(/was not sent when/)).not.toBeInTheDocument()
  await waitFor(async () => expect(await isLeft(null)).toBe(false))
})

test('signing out erases unsent films', async () => {
  signedInAs('ward 3')
  await leaveFilm('ward 3')
  const user = openDashboard('/')
  expect(await screen.findByText(/was not sent when/)).toBeVisible()

  await user.click(screen.getByRole('button', { name: 'Sign out (ward 3)' }))

  expect(await screen.findByLabelText('Key')).toBeVisible()
  expect(await isLeft('ward 3')).toBe(false)
})

test('unsent films of another person are erased, not shown', async () => {
  signedInAs('ward 4')
  await leaveFilm('ward 3')

  openDashboard('/')

  expect(await screen.findByText('No films yet')).toBeVisible()
  await waitFor(async () => expect(await isLeft('ward 3')).toBe(false))
  expect(screen.queryByText(/was not sent when/)).not.toBeInTheDocument()
})
