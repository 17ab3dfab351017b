import { expect, test, vi } from 'vitest'

import { coalesced } from './coalesced'

test('many calls at once lead to two runs: one now, one for the later calls', async () => {
  const done: (() => void)[] = []
  const ask = coalesced(() => new Promise<void>((resolve) => done.push(resolve)), 0)

  for (let i = 0; i < 50; i++) ask()
  expect(done).toHaveLength(1)
  done[0]?.()
  await vi.waitFor(() => expect(done).toHaveLength(2))
  done[1]?.()
  await new Promise((resolve) => setTimeout(resolve, 20))

  expect(done).toHaveLength(2)
})

test('after a failure the next call runs the action again', async () => {
  let times = 0
  const ask = coalesced(() => Promise.reject(new Error(String(++times))), 0)

  ask()
  await new Promise((resolve) => setTimeout(resolve, 20))
  ask()

  expect(times).toBe(2)
})
