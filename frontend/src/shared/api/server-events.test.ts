import { expect, test } from 'vitest'

import { parseEvents } from './server-events'

async function parse(...chunks: string[]) {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      chunks.forEach((chunk) => controller.enqueue(new TextEncoder().encode(chunk)))
      controller.close()
    },
  })
  const events = []
  for await (const event of parseEvents(body)) events.push(event)
  return events
}

test('an event that arrives in pieces is parsed', async () => {
  const events = await parse('event: jo', 'b\nda', 'ta: {"a":', '1}\n', '\n')

  expect(events).toEqual([{ name: 'job', data: '{"a":1}' }])
})

test('several events in one piece are parsed, with either line ending', async () => {
  const events = await parse('event: job\r\ndata: 1\r\n\r\nevent: job\r\ndata: 2\r\n\r\n')

  expect(events.map((event) => event.data)).toEqual(['1', '2'])
})

test('a line ending that is cut in two is one line ending', async () => {
  const events = await parse('event: job\r', '\ndata: 1\r', '\n\r', '\nevent: job\rdata: 2\r\r\n')

  expect(events).toEqual([
    { name: 'job', data: '1' },
    { name: 'job', data: '2' },
  ])
})

test('comments and ids are ignored', async () => {
  const events = await parse(': waiting\n\nid: 7\nevent: job\ndata: 1\n\n')

  expect(events).toEqual([{ name: 'job', data: '1' }])
})

test('an event without its end is ignored', async () => {
  expect(await parse('event: job\ndata: {"half":')).toEqual([])
})
