import { screen, within } from '@testing-library/react'
import { beforeEach, expect, test } from 'vitest'

import { shortcutGroups } from '@/features/viewer/shortcuts/shortcut-labels'
import { SHORTCUT_NAMES } from '@/features/viewer/shortcuts/shortcut-keys'
import { en } from '@/shared/i18n/en'
import { serveJob } from '@/testing/server'
import { JOB_ID, makeJob } from '@/testing/wire'

import { openDashboard } from './open-dashboard'

beforeEach(() => serveJob(makeJob()))

async function openShortcuts() {
  const user = openDashboard(`/jobs/${JOB_ID}/items/0`)
  expect(await screen.findByTestId('activation-map')).toBeInTheDocument()
  await user.keyboard('?')
  const dialog = screen.getByRole('dialog', { name: 'Shortcuts' })
  await user.click(within(dialog).getByRole('button', { name: 'Change keys' }))
  return { user, dialog }
}

const hasMap = () => screen.queryByTestId('activation-map') !== null

test('every key is listed, in the order in which conflicts are resolved', () => {
  const listed = shortcutGroups(en).flatMap(({ rows }) => rows.map(([name]) => name))

  expect(listed).toEqual(SHORTCUT_NAMES)
})

test('a key is changed by keyboard alone, works, is kept, and is shown at the control', async () => {
  const { user, dialog } = await openShortcuts()

  within(dialog)
    .getByRole('button', { name: /^Key of Activation map:/ })
    .focus()
  await user.keyboard('{Enter}')
  expect(within(dialog).getByRole('status')).toHaveTextContent('Press a key')
  await user.keyboard('x')
  await user.click(within(dialog).getByRole('button', { name: 'Close' }))
  await user.keyboard('m')
  expect(hasMap()).toBe(true)
  await user.keyboard('x')
  expect(hasMap()).toBe(false)

  expect(JSON.parse(localStorage.getItem('pneumocam.shortcuts.keys') ?? '')).toEqual({ map: ['x'] })
  await user.hover(screen.getByRole('button', { name: 'Activation map' }))
  expect((await screen.findAllByText('X'))[0]).toBeInTheDocument()
})

test('of two actions with the same key the first one has it, and a text says so', async () => {
  const { user, dialog } = await openShortcuts()

  await user.click(within(dialog).getByRole('button', { name: /^Key of Invert:/ }))
  await user.keyboard('m')

  expect(within(dialog).getByText(/Also the key of: Invert\./)).toBeVisible()
  expect(within(dialog).getByText(/Also the key of: Activation map\./)).toBeVisible()
  await user.click(within(dialog).getByRole('button', { name: 'Close' }))
  await user.keyboard('m')
  expect(hasMap()).toBe(false)
})

test('a key can be removed, and one or all keys can be reset', async () => {
  const { user, dialog } = await openShortcuts()
  const press = async (name: string) => user.click(within(dialog).getByRole('button', { name }))

  await press('No key for Activation map')
  await press('No key for Invert')
  await press('Reset the key of Invert')
  await press('Close')
  await user.keyboard('m')
  expect(hasMap()).toBe(true)
  await user.keyboard('i')
  expect(screen.getByRole('button', { name: 'Invert' })).toHaveAttribute('aria-pressed', 'true')

  await user.keyboard('?')
  await press('Reset all keys')
  await press('Close')
  await user.keyboard('m')
  expect(hasMap()).toBe(false)
  expect(localStorage.getItem('pneumocam.shortcuts.keys')).toBe('{}')
})

test('keys that move the focus or belong to the browser cannot be assigned', async () => {
  const { user, dialog } = await openShortcuts()

  await user.click(within(dialog).getByRole('button', { name: /^Key of Invert:/ }))
  await user.keyboard('{Enter}')
  expect(within(dialog).getByRole('button', { name: /^Key of Invert:/ })).toHaveTextContent(
    'Not this one',
  )
  await user.keyboard('{Control>}t{/Control}{Escape}')

  expect(within(dialog).getByRole('button', { name: /^Key of Invert:/ })).toHaveTextContent('I')
  expect(dialog).toHaveAttribute('open')
})

test('unreadable stored keys are ignored', async () => {
  localStorage.setItem(
    'pneumocam.shortcuts.keys',
    JSON.stringify({ map: 'x', invert: [1], nothing: ['q'], zoomIn: ['y'] }),
  )
  const { dialog } = await openShortcuts()

  const keyOf = (action: string) =>
    within(dialog)
      .getByRole('button', { name: new RegExp(`^Key of ${action}:`) })
      .textContent.replace(/.*: /, '')
  expect([keyOf('Activation map'), keyOf('Invert'), keyOf('Zoom in')]).toEqual(['M', 'I', 'Y'])
})
