import { createParser, type EventSourceMessage } from 'eventsource-parser'

import { fetchPath } from './client'

export interface ServerSentEvent {
  name: string
  data: string
}

/** Characters of an event that has not ended. A job of 10,000 items has a tenth of this. */
const MAX_EVENT_CHARACTERS = 2 ** 26

/**
 * Open a stream of server-sent events.
 *
 * By fetch instead of EventSource, which sends no headers and does not tell why it failed.
 */
export async function* serverEvents(
  path: string,
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent> {
  const response = await fetchPath(path, { headers: { Accept: 'text/event-stream' }, signal })
  if (response.body !== null) yield* parseEvents(response.body)
}

/** Parse a text/event-stream body. Comments, ids and unknown fields are ignored. */
export async function* parseEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerSentEvent> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const parsed: EventSourceMessage[] = []
  const parser = createParser({
    onEvent: (event) => parsed.push(event),
    maxBufferSize: MAX_EVENT_CHARACTERS,
  })
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      parser.feed(decoder.decode(value, { stream: true }))
      for (const { event = 'message', data } of parsed.splice(0)) yield { name: event, data }
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
