import { serverEvents } from './server-events'
import { isFinished, type Job } from './wire'

/** Follow a job by its events, each with the whole job; ends with the finished job. */
export async function* jobEvents(job: Job, signal: AbortSignal): AsyncGenerator<Job> {
  for await (const event of serverEvents(job.links.events, signal)) {
    if (event.name !== 'job') continue
    const next = JSON.parse(event.data) as Job
    yield next
    if (isFinished(next)) return
  }
}
