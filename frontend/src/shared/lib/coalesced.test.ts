import { expect, test, vi } from 'vitest'

import { coalesced } from './coalesced'

test('what is asked for many times at once is done twice: now, and for those who came later', async () => {
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

test('what failed is done again when it is asked for again', async () => {
  let times = 0
  const ask = coalesced(() => Promise.reject(new Error(String(++times))), 0)

  ask()
  await new Promise((resolve) => setTimeout(resolve, 20))
  ask()

  expect(times).toBe(2)
})
