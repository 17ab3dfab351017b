import { afterEach, expect, test, vi } from 'vitest'

import { OpenPages } from './open-pages'

const opened: OpenPages[] = []

function open(page: string) {
  const onDrop = vi.fn()
  const pages = new OpenPages(page, onDrop)
  opened.push(pages)
  return { pages, onDrop }
}

afterEach(() => opened.splice(0).forEach((pages) => pages.close()))

test('open pages answer, closed ones do not', async () => {
  const { pages } = open('one')
  open('two')
  open('three').pages.close()

  expect(await pages.others()).toEqual(new Set(['two']))
})

test('signing out in one page is announced to the others', async () => {
  const { pages, onDrop: ownDrop } = open('one')
  const { onDrop } = open('two')

  pages.tellToDrop()

  await vi.waitFor(() => expect(onDrop).toHaveBeenCalledOnce())
  expect(ownDrop).not.toHaveBeenCalled()
})
