import { fetchPath } from './client'

export interface ServerSentEvent {
  name: string
  data: string
}

/**
 * A stream of server-sent events.
 *
 * Read by fetch rather than by EventSource, which neither sends headers nor tells why it failed.
 */
export async function* serverEvents(
  path: string,
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent> {
  const response = await fetchPath(path, { headers: { Accept: 'text/event-stream' }, signal })
  if (response.body !== null) yield* parseEvents(response.body)
}

/** Events of a text/event-stream body; comments and fields we do not use are passed over. */
export async function* parseEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerSentEvent> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let pending = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      pending += decoder.decode(value, { stream: true })
      const blocks = pending.split(/\r?\n\r?\n/)
      pending = blocks.pop() ?? ''
      for (const block of blocks) {
        const event = parseBlock(block)
        if (event !== null) yield event
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

function parseBlock(block: string): ServerSentEvent | null {
  let name = 'message'
  const data: string[] = []
  for (const line of block.split(/\r?\n/)) {
    const [, field, value] = /^(\w+):\s?(.*)$/.exec(line) ?? []
    if (field === 'event') name = value ?? ''
    if (field === 'data') data.push(value ?? '')
  }
  return data.length > 0 ? { name, data: data.join('\n') } : null
}
