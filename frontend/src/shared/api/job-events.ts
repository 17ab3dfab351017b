import { fetchPath } from './client'
import { isFinished, type Job } from './wire'

/**
 * The job's server-sent events, each with the whole job; ends with the finished one.
 *
 * Read by fetch rather than by EventSource, which neither sends headers nor tells why it failed.
 */
export async function* jobEvents(job: Job, signal: AbortSignal): AsyncGenerator<Job> {
  const response = await fetchPath(job.links.events, {
    headers: { Accept: 'text/event-stream' },
    signal,
  })
  if (response.body === null) return
  for await (const event of parseEvents(response.body)) {
    if (event.name !== 'job') continue
    const next = JSON.parse(event.data) as Job
    yield next
    if (isFinished(next)) return
  }
}

interface ServerSentEvent {
  name: string
  data: string
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
