import { parseProblem, parseRetryAfter, ServiceRefused, ServiceUnreachable } from './errors'
import type { Job, Photometric, Priority } from './wire'

export interface Submission {
  files: readonly File[]
  priority: Priority
  reference: string
  /** `inverted` to exchange black and white of the films; as they are stored by default. */
  photometric?: Photometric
  /** The same key and files make one job, however often they are sent. */
  idempotencyKey: string
}

export interface SubmitOptions {
  /** Called with the bytes of the body that were sent, and its total. */
  onProgress: (sent: number, total: number) => void
  signal: AbortSignal
}

/** Send films as one job. By XMLHttpRequest, because fetch reports no upload progress. */
export function submitFilms(submission: Submission, options: SubmitOptions): Promise<Job> {
  const form = new FormData()
  // Fields first: the service reads the form as it arrives.
  form.append('priority', submission.priority)
  if (submission.reference !== '') form.append('reference', submission.reference)
  if (submission.photometric) form.append('photometric', submission.photometric)
  for (const file of submission.files) form.append('files', file, file.name)

  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', '/v1/jobs')
    request.setRequestHeader('Idempotency-Key', submission.idempotencyKey)
    request.setRequestHeader('Accept', 'application/json')
    request.upload.onprogress = (event) => options.onProgress(event.loaded, event.total)
    request.onload = () => {
      const body = parseJson(request.responseText)
      if (request.status === 202) {
        resolve(body as Job)
        return
      }
      reject(
        new ServiceRefused(
          request.status,
          parseProblem(body),
          parseRetryAfter(request.getResponseHeader('Retry-After')),
        ),
      )
    }
    request.onerror = () => reject(new ServiceUnreachable('no answer'))
    request.onabort = () => reject(new DOMException('aborted', 'AbortError'))
    options.signal.addEventListener('abort', () => request.abort(), { once: true })
    request.send(form)
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
