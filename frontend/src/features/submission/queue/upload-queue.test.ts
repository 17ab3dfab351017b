import { expect, test, vi } from 'vitest'

import { ServiceRefused, ServiceUnreachable } from '@/shared/api/errors'
import type { SubmitOptions, Submission } from '@/shared/api/submit-films'
import type { Job, Problem } from '@/shared/api/wire'
import { LIMITS, makeItem, makeJob } from '@/testing/wire'

import type { UnsentFilm } from './film-store'
import { UploadQueue, type JobOptions, type Keeper, type Upload } from './upload-queue'

const ROUTINE: JobOptions = { priority: 'routine', reference: '' }

const zip = (name: string) => new File(['PK\x03\x04', new Uint8Array(996)], name)

const film = (name: string, size = 1_000) => new File([new Uint8Array(size).fill(7)], name)

/** A service with given answers that records its requests. */
class FakeService {
  readonly received: Submission[] = []
  readonly answers: ((options: SubmitOptions) => Promise<Job>)[] = []

  readonly submit = (submission: Submission, options: SubmitOptions): Promise<Job> => {
    this.received.push(submission)
    const answer = this.answers.shift()
    return answer ? answer(options) : Promise.resolve(this.accept(submission))
  }

  accept({ files }: Submission): Job {
    const items = files.map((file, index) =>
      makeItem({ index, filename: file.name, state: 'queued' }),
    )
    return makeJob(items, { id: `job-${this.received.length}` })
  }

  get names() {
    return this.received.map(({ files }) => files.map((file) => file.name))
  }
}

/** A keeper in memory that records its calls. */
class FakeKeeper implements Keeper {
  readonly kept = new Map<string, string | null>()
  readonly names = new Map<string, string>()
  hasRoom = true

  readonly keep = ({ id, file }: Upload) => {
    if (this.hasRoom) this.kept.set(id, null)
    this.names.set(id, file.name)
    return Promise.resolve(this.hasRoom)
  }
  readonly assign = (ids: readonly string[], batch: string) => {
    for (const id of ids) if (this.kept.has(id)) this.kept.set(id, batch)
    return Promise.resolve()
  }
  readonly forget = (ids: readonly string[]) => {
    ids.forEach((id) => this.kept.delete(id))
    return Promise.resolve()
  }
}

function setUp(limits = LIMITS) {
  const service = new FakeService()
  const keeper = new FakeKeeper()
  const queue = new UploadQueue({
    submit: service.submit,
    keeper,
    limits: () => limits,
    retryS: 0.2,
  })
  return { service, keeper, queue }
}

const inFile = (index: number, code: string) => ({ code, detail: '', index, field: null })

const problem = (errors: Problem['errors'] = []): Problem => ({
  type: 'urn:test',
  title: 'Refused',
  status: 413,
  detail: 'A file may have 100 bytes.',
  request_id: 'request-1',
  errors,
})

test('films are sent in batches of 25, and each batch becomes a job', async () => {
  const { service, queue } = setUp()

  await queue.add(
    Array.from({ length: 60 }, (_, n) => film(`${n}.dcm`)),
    ROUTINE,
  )
  await vi.waitFor(() => expect(queue.snapshot().uploads).toEqual([]))

  expect(service.names.map((names) => names.length)).toEqual([25, 25, 10])
  expect(queue.snapshot().jobIds).toEqual(['job-1', 'job-2', 'job-3'])
})

test('batches are no larger than the service allows', async () => {
  const { service, queue } = setUp({ ...LIMITS, max_files: 2 })

  await queue.add([film('a'), film('b'), film('c')], ROUTINE)
  await vi.waitFor(() => expect(queue.snapshot().uploads).toEqual([]))

  expect(service.names).toEqual([['a', 'b'], ['c']])
})

test('films with another priority become another job', async () => {
  const { service, queue } = setUp()
  const stat: JobOptions = { priority: 'stat', reference: 'ward 3' }

  await Promise.all([queue.add([film('a')], ROUTINE), queue.add([film('b')], stat)])
  await vi.waitFor(() => expect(queue.snapshot().jobIds).toHaveLength(2))

  expect(service.received.map(({ priority, reference }) => [priority, reference])).toEqual([
    ['routine', ''],
    ['stat', 'ward 3'],
  ])
})

test('an empty file and a PDF are not sent, with the reason', async () => {
  const { service, queue } = setUp()

  await queue.add([new File([], 'empty.png'), new File(['%PDF-1.7'], 'report.pdf')], ROUTINE)

  expect(service.received).toEqual([])
  expect(queue.snapshot().uploads.map((upload) => upload.error?.code)).toEqual([
    'empty_file',
    'wrong_format',
  ])
})

test('the progress of the body is shown per file', async () => {
  const { service, queue } = setUp()
  let options: SubmitOptions | undefined
  service.answers.push((given) => {
    options = given
    return new Promise(() => undefined)
  })
  await queue.add([film('a', 1_000), film('b', 3_000)], ROUTINE)
  await vi.waitFor(() => expect(options).toBeDefined())

  options?.onProgress(2_700, 4_200)

  // 200 bytes of form, then 2,500 bytes of files: all of the first, half of the second.
  expect(queue.snapshot().uploads.map((upload) => upload.sent)).toEqual([1, 0.5])
})

test('while the service is unreachable the same batch is sent again with the same key', async () => {
  const { service, queue } = setUp()
  service.answers.push(() => Promise.reject(new ServiceUnreachable('no answer')))

  await queue.add([film('a')], ROUTINE)
  await vi.waitFor(() => expect(queue.snapshot().hold).toBe('offline'))
  await vi.waitFor(() => expect(queue.snapshot().jobIds).toHaveLength(1))

  const [first, second] = service.received
  expect(second?.idempotencyKey).toBe(first?.idempotencyKey)
  expect(queue.snapshot().hold).toBeNull()
})

test('a busy service is tried again later', async () => {
  const { service, queue } = setUp()
  service.answers.push(() => Promise.reject(new ServiceRefused(503, null)))

  await queue.add([film('a')], ROUTINE)
  await vi.waitFor(() => expect(queue.snapshot().hold).toBe('busy'))
  await vi.waitFor(() => expect(queue.snapshot().jobIds).toHaveLength(1))
})

test('a file that the service names as wrong is set aside, the others are sent', async () => {
  const { service, queue } = setUp()
  const named = problem([{ code: 'file_too_large', detail: '', index: 1, field: null }])
  service.answers.push(() => Promise.reject(new ServiceRefused(413, named)))

  await queue.add([film('a'), film('huge'), film('c')], ROUTINE)
  await vi.waitFor(() => expect(queue.snapshot().jobIds).toHaveLength(1))

  expect(service.names).toEqual([
    ['a', 'huge', 'c'],
    ['a', 'c'],
  ])
  expect(queue.snapshot().uploads).toMatchObject([
    { file: { name: 'huge' }, state: 'refused', error: { code: 'file_too_large' } },
  ])
})

test('if the service accepts none of the files, each shows its reason and nothing is sent again', async () => {
  const { service, queue } = setUp()
  const named = problem([inFile(0, 'no_pixel_data'), inFile(1, 'several_images')])
  service.answers.push(() => Promise.reject(new ServiceRefused(422, named)))

  await queue.add([film('report.dcm'), film('cine.dcm')], ROUTINE)
  await vi.waitFor(() => expect(queue.snapshot().uploads[1]?.state).toBe('refused'))

  expect(queue.snapshot().uploads.map((upload) => upload.error?.code)).toEqual([
    'no_pixel_data',
    'several_images',
  ])
  expect(service.received).toHaveLength(1)
})

test('a request that is refused as a whole shows its own code', async () => {
  const { service, queue } = setUp()
  const whole = { ...problem(), type: 'urn:pneumocam:problem:too_large' }
  const field = { code: 'invalid_reference', detail: '', index: null, field: 'reference' }
  service.answers.push(() => Promise.reject(new ServiceRefused(413, whole)))
  service.answers.push(() => Promise.reject(new ServiceRefused(422, problem([field]))))

  await queue.add([film('a')], ROUTINE)
  await queue.add([film('b')], { priority: 'stat', reference: '\t' })
  await vi.waitFor(() => expect(queue.snapshot().uploads[1]?.state).toBe('refused'))

  expect(queue.snapshot().uploads.map((upload) => upload.error?.code)).toEqual([
    'too_large',
    'invalid_reference',
  ])
})

test('a ZIP archive is sent, alone in its request', async () => {
  const { service, queue } = setUp()

  await queue.add([film('a'), zip('night.zip'), zip('day.zip'), film('b'), film('c')], ROUTINE)
  await vi.waitFor(() => expect(queue.snapshot().uploads).toEqual([]))

  expect(service.names).toEqual([['a'], ['night.zip'], ['day.zip'], ['b', 'c']])
})

test('an archive larger than any request is not sent', async () => {
  const { service, queue } = setUp()
  const huge = Object.defineProperty(zip('huge.zip'), 'size', { value: 3 * 2 ** 30 })

  await queue.add([huge], ROUTINE)

  expect(service.received).toEqual([])
  expect(queue.snapshot().uploads[0]?.error?.code).toBe('archive_too_large')
})

test('an archive that is not opened shows the reason', async () => {
  const { service, queue } = setUp()
  const named = problem([inFile(0, 'encrypted_archive')])
  service.answers.push(() => Promise.reject(new ServiceRefused(422, named)))

  await queue.add([zip('films.zip')], ROUTINE)
  await vi.waitFor(() => expect(queue.snapshot().uploads[0]?.state).toBe('refused'))

  expect(queue.snapshot().uploads[0]?.error).toMatchObject({
    code: 'encrypted_archive',
    inside: [],
  })
})

test('an archive without a usable film shows the distinct errors of its files', async () => {
  const { service, queue } = setUp()
  const named = problem([
    inFile(0, 'not_an_image'),
    inFile(1, 'nested_archive'),
    inFile(2, 'not_an_image'),
  ])
  service.answers.push(() => Promise.reject(new ServiceRefused(422, named)))

  await queue.add([zip('films.zip'), film('a')], ROUTINE)
  await vi.waitFor(() => expect(queue.snapshot().jobIds).toHaveLength(1))

  expect(queue.snapshot().uploads).toMatchObject([
    {
      file: { name: 'films.zip' },
      error: {
        code: 'no_film_in_archive',
        inside: [{ code: 'not_an_image' }, { code: 'nested_archive' }],
      },
    },
  ])
})

test('a refused file can be sent again', async () => {
  const { service, queue } = setUp()
  service.answers.push(() => Promise.reject(new ServiceRefused(500, null)))
  await queue.add([film('a')], ROUTINE)
  await vi.waitFor(() => expect(queue.snapshot().uploads[0]?.state).toBe('refused'))

  queue.retry()

  await vi.waitFor(() => expect(queue.snapshot().jobIds).toHaveLength(1))
})

test('while paused nothing is sent', async () => {
  const { service, queue } = setUp()

  queue.pause()
  await queue.add([film('a')], ROUTINE)
  expect(service.received).toEqual([])
  expect(queue.snapshot().hold).toBe('paused')

  queue.resume()
  await vi.waitFor(() => expect(queue.snapshot().jobIds).toHaveLength(1))
})

test('pausing aborts the current request and keeps its films', async () => {
  const { service, queue } = setUp()
  service.answers.push(
    ({ signal }) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError'))),
      ),
  )
  await queue.add([film('a')], ROUTINE)
  await vi.waitFor(() => expect(service.received).toHaveLength(1))

  queue.pause()
  await vi.waitFor(() => expect(queue.snapshot().uploads[0]?.state).toBe('waiting'))
  queue.resume()

  await vi.waitFor(() => expect(queue.snapshot().jobIds).toHaveLength(1))
})

test('cancelling drops unsent files and keeps the jobs', async () => {
  const { service, queue } = setUp()
  await queue.add([film('a')], ROUTINE)
  await vi.waitFor(() => expect(queue.snapshot().jobIds).toHaveLength(1))
  queue.pause()
  await queue.add([film('b')], ROUTINE)

  queue.cancel()

  expect(queue.snapshot()).toMatchObject({ uploads: [], jobIds: ['job-1'], hold: null })
  expect(service.received).toHaveLength(1)
})

test('a film is stored with its request’s key before it is sent, and erased afterwards', async () => {
  const { service, keeper, queue } = setUp()
  const keptAs: (string | null)[] = []
  service.answers.push(() => {
    keptAs.push(...keeper.kept.values())
    return Promise.resolve(makeJob([makeItem({ state: 'queued' })]))
  })

  await queue.add([film('a'), new File([], 'empty.png')], ROUTINE)
  await vi.waitFor(() => expect(queue.snapshot().jobIds).toHaveLength(1))

  expect(keptAs).toEqual([service.received[0]?.idempotencyKey])
  expect(keeper.kept.size).toBe(0)
  expect([...keeper.names.values()]).toEqual(['a'])
})

test('a film that the browser cannot store is sent all the same, with a notice', async () => {
  const { service, keeper, queue } = setUp()
  keeper.hasRoom = false
  queue.pause()

  await queue.add([film('a')], ROUTINE)
  await vi.waitFor(() => expect(queue.snapshot().uploads[0]?.isKept).toBe(false))
  queue.resume()

  await vi.waitFor(() => expect(queue.snapshot().jobIds).toHaveLength(1))
  expect(service.names).toEqual([['a']])
})

test('refused files are not stored', async () => {
  const { service, keeper, queue } = setUp()
  const named = problem([inFile(1, 'no_pixel_data')])
  service.answers.push(() => Promise.reject(new ServiceRefused(422, named)))
  await queue.add([film('a'), film('report.dcm')], ROUTINE)
  await vi.waitFor(() => expect(queue.snapshot().jobIds).toHaveLength(1))
  queue.pause()
  await queue.add([film('b')], ROUTINE)
  await vi.waitFor(() => expect(keeper.kept.size).toBe(2))

  queue.cancel()
  expect(keeper.kept.size).toBe(1)
  queue.remove(queue.snapshot().uploads[0]?.id ?? '')

  expect(keeper.kept.size).toBe(0)
})

test('films of a closed page are sent in the same requests, then in new ones', async () => {
  const { service, queue } = setUp()
  const filmOf = (name: string, batch: string | null): UnsentFilm => ({
    id: name,
    page: 'gone',
    batch,
    file: film(name),
    isArchive: false,
    options: ROUTINE,
  })

  queue.takeUp([filmOf('a', 'key-1'), filmOf('b', 'key-1'), filmOf('c', null), filmOf('d', null)])
  await vi.waitFor(() => expect(queue.snapshot().uploads).toEqual([]))

  expect(service.names).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ])
  const [first, second] = service.received
  expect(first?.idempotencyKey).toBe('key-1')
  expect(second?.idempotencyKey).not.toBe('key-1')
})
