import { File as NodeFile } from 'node:buffer'

import { IDBFactory } from 'fake-indexeddb'
import 'fake-indexeddb/auto'
import { beforeEach, expect, test, vi } from 'vitest'

import { FilmStore } from './film-store'
import type { Upload } from './upload-queue'

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory())
  // Blobs of jsdom cannot be stored in fake-indexeddb.
  vi.stubGlobal('File', NodeFile)
})

const upload = (id: string, order: number): Upload => ({
  id,
  order,
  file: new File([`bytes of ${id}`], `${id}.dcm`, { type: 'application/dicom' }),
  isArchive: false,
  options: { priority: 'stat', reference: 'Ward 3' },
  state: 'waiting',
  sent: 0,
  error: null,
  isKept: null,
})

const NOBODY: ReadonlySet<string> = new Set()

test('unsent films of a page are found by the next one, in order, with their request', async () => {
  const gone = new FilmStore('gone')
  expect(await gone.keep(upload('b', 1), null)).toBe(true)
  await gone.keep(upload('a', 0), null)
  await gone.keep(upload('sent', 2), null)
  await gone.assign(['a'], 'key-1')
  await gone.forget(['sent'])

  const unsent = await new FilmStore('next').unsent(NOBODY, null)

  expect(unsent).toMatchObject([
    { id: 'a', batch: 'key-1', options: { priority: 'stat', reference: 'Ward 3' } },
    { id: 'b', batch: null },
  ])
  expect(unsent[0]?.file.name).toBe('a.dcm')
  expect(await unsent[0]?.file.text()).toBe('bytes of a')
})

test('films of an open page are not offered to another', async () => {
  await new FilmStore('open').keep(upload('a', 0), null)

  expect(await new FilmStore('next').unsent(new Set(['open']), null)).toEqual([])
})

test('of two pages that claim the same films, one gets them', async () => {
  await new FilmStore('gone').keep(upload('a', 0), null)
  const [one, two] = [new FilmStore('one'), new FilmStore('two')]
  const [seenByOne, seenByTwo] = [await one.unsent(NOBODY, null), await two.unsent(NOBODY, null)]

  expect(await one.takeOver(seenByOne)).toHaveLength(1)
  expect(await two.takeOver(seenByTwo)).toEqual([])
  await one.forget(['a'])
  expect(await two.unsent(NOBODY, null)).toEqual([])
})

test('films of another person are erased, not shown', async () => {
  await new FilmStore('gone').keep(upload('a', 0), 'ward 3')
  const next = new FilmStore('next')

  expect(await next.unsent(NOBODY, 'ward 4')).toEqual([])
  expect(await next.unsent(NOBODY, 'ward 3')).toEqual([])
})

test('films are erased after a day, when a repeated submission would no longer be recognised', async () => {
  vi.useFakeTimers({ now: new Date('2026-11-23T02:00:00Z'), toFake: ['Date'] })
  await new FilmStore('gone').keep(upload('a', 0), null)
  const next = new FilmStore('next')

  vi.setSystemTime(new Date('2026-11-24T01:59:00Z'))
  expect(await next.unsent(NOBODY, null)).toHaveLength(1)
  vi.setSystemTime(new Date('2026-11-24T02:01:00Z'))
  expect(await next.unsent(NOBODY, null)).toEqual([])
  vi.useRealTimers()
})

test('sign-out erases all films, even those being written', async () => {
  const page = new FilmStore('page')
  const writing = page.keep(upload('a', 0), 'ward 3')
  await page.forgetAll()

  await writing
  expect(await new FilmStore('next').unsent(NOBODY, 'ward 3')).toEqual([])
})

test('without storage nothing is found and nothing fails', async () => {
  vi.stubGlobal('indexedDB', {
    open: () => {
      throw new DOMException('forbidden', 'SecurityError')
    },
  })
  const page = new FilmStore('page')

  expect(await page.keep(upload('a', 0), null)).toBe(false)
  await page.assign(['a'], 'key')
  await page.forget(['a'])
  await page.forgetAll()
  expect(await page.unsent(NOBODY, null)).toEqual([])
})
