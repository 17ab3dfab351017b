import { ServiceRefused, ServiceUnreachable } from '@/shared/api/errors'
import type { submitFilms } from '@/shared/api/submit-films'
import type { Job, Priority, Problem, SubmissionLimits } from '@/shared/api/wire'
import type { ErrorCode } from '@/shared/lib/codes'
import { sleep } from '@/shared/lib/coalesced'
import { randomKey } from '@/shared/lib/random-key'

import { checkFile, isLocalError } from '../files/file-check'
import type { UnsentFilm } from './film-store'

/** A file on its way to the service. Once it is part of a job, the job tells the rest. */
export interface Upload {
  id: string
  /** Its place among all that this page has queued. */
  order: number
  file: File
  /** A ZIP archive: the service makes an item of each file in it. */
  isArchive: boolean
  options: JobOptions
  state: 'waiting' | 'sending' | 'refused'
  /** Share of the file that has left, 0 to 1. */
  sent: number
  error: UploadError | null
  /** Whether it outlives this page in the browser; null as long as that is being seen to. */
  isKept: boolean | null
}

/** Why a file was refused: a code, and the service's sentence where it gave one. */
export interface UploadError {
  code: string
  detail: string
  /** Of an archive: what the service says of the files in it, each thing once. */
  inside: readonly { code: string; detail: string }[]
}

export interface JobOptions {
  priority: Priority
  reference: string
}

/** Whether the service might take a refused file the next time; one that is empty it never will. */
export const isRetryable = ({ state, error }: Upload) =>
  state === 'refused' && error !== null && !isLocalError(error.code)

/** What keeps the queue from sending. */
export type Hold = 'paused' | 'offline' | 'busy' | null

export interface UploadState {
  uploads: readonly Upload[]
  /** The jobs that this submission has become so far, in order. */
  jobIds: readonly string[]
  hold: Hold
}

/** A request carries this much at most, so that a failure costs little and results come early. */
const BATCH_FILES = 25
const BATCH_BYTES = 64 * 2 ** 20

const RETRY_S = 3
const MOST_KEEPING_MS = 10_000
/** Progress is told this often at most: 500 rows need not be drawn at each packet. */
const TELL_MS = 100

interface Batch {
  uploads: readonly Upload[]
  idempotencyKey: string
}

/** What keeps films until they have been sent; see `FilmStore`. */
export interface Keeper {
  keep: (upload: Upload) => Promise<boolean>
  assign: (ids: readonly string[], batch: string) => Promise<void>
  forget: (ids: readonly string[]) => Promise<void>
}

interface UploadQueueOptions {
  submit: typeof submitFilms
  keeper: Keeper
  /** Called with each job as soon as the service has answered for it. */
  onAccepted?: (job: Job) => void
  /** What the service takes, as soon as it has said so. */
  limits?: () => SubmissionLimits | null
  retryS?: number
}

/**
 * Sends files as jobs, one batch after the other, whatever page is open.
 *
 * A batch that the service may take later is sent again under the same idempotency key; a file
 * that it names as wrong is set aside and the others are sent without it.
 */
export class UploadQueue {
  readonly #submit: typeof submitFilms
  readonly #keeper: Keeper
  readonly #retryS: number
  readonly #listeners = new Set<() => void>()
  readonly #onAccepted: ((job: Job) => void) | undefined
  readonly #limits: () => SubmissionLimits | null

  #state: UploadState = { uploads: [], jobIds: [], hold: null }
  #queued = 0
  #paused = false
  #sending = false
  /** Requests that were begun and have no answer: each is sent again as it was. */
  #unanswered: readonly Batch[] = []
  #abort = new AbortController()
  #wake: (() => void) | null = null
  #toldAt = 0

  constructor({
    submit,
    keeper,
    onAccepted,
    limits = () => null,
    retryS = RETRY_S,
  }: UploadQueueOptions) {
    this.#submit = submit
    this.#keeper = keeper
    this.#retryS = retryS
    this.#onAccepted = onAccepted
    this.#limits = limits
  }

  readonly subscribe = (listener: () => void) => {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  readonly snapshot = (): UploadState => this.#state

  /** Queues files after those that are there already; what cannot be sent is set aside. */
  async add(files: readonly File[], options: JobOptions): Promise<void> {
    const uploads = await Promise.all(
      files.map(async (file): Promise<Upload> => {
        const { errorCode, isArchive } = await checkFile(file, this.#limits())
        return {
          id: randomKey(),
          order: this.#queued++,
          file,
          isArchive,
          options,
          state: errorCode === null ? 'waiting' : 'refused',
          sent: 0,
          error: errorCode === null ? null : { code: errorCode, detail: '', inside: [] },
          isKept: null,
        }
      }),
    )
    this.#set({ uploads: [...this.#state.uploads, ...uploads] })
    void this.#keepAll(uploads)
    void this.#run()
  }

  /** Goes on with films of a page that is gone; requests that it had begun stay the same. */
  takeUp(films: readonly UnsentFilm[]): void {
    const uploads = films.map(({ id, file, isArchive, options }): Upload => ({
      id,
      order: this.#queued++,
      file,
      isArchive,
      options,
      state: 'waiting',
      sent: 0,
      error: null,
      isKept: true,
    }))
    const batches = new Map<string, Upload[]>()
    uploads.forEach((upload, index) => {
      const key = films[index]?.batch
      if (key != null) batches.set(key, [...(batches.get(key) ?? []), upload])
    })
    this.#unanswered = [
      ...this.#unanswered,
      ...[...batches].map(([idempotencyKey, uploads]) => ({ idempotencyKey, uploads })),
    ]
    this.#set({ uploads: [...this.#state.uploads, ...uploads] })
    void this.#run()
  }

  /** Starts a new list: what was refused and what was accepted is no longer shown with it. */
  startOver(): void {
    this.#drop((upload) => upload.state === 'refused')
    this.#set({ jobIds: [] })
  }

  /** Goes on with the jobs of an address that was opened, if this queue knows no others. */
  adopt(jobIds: readonly string[]): void {
    if (this.#state.uploads.length === 0) this.#set({ jobIds })
  }

  pause(): void {
    this.#paused = true
    this.#abort.abort()
    this.#set({ hold: 'paused' })
  }

  resume(): void {
    this.#paused = false
    this.#set({ hold: null })
    this.#wake?.()
    void this.#run()
  }

  /** Drops what has not been sent. What the service has already is not touched. */
  cancel(): void {
    this.#unanswered = []
    this.#abort.abort()
    this.#paused = false
    this.#drop((upload) => upload.state !== 'refused')
    this.#set({ hold: null })
    this.#wake?.()
  }

  /** Forgets everything; what the service has already is not touched. */
  clear(): void {
    this.cancel()
    this.startOver()
  }

  remove(id: string): void {
    this.#drop((upload) => upload.id === id)
  }

  /** Queues once more what the service refused. */
  retry(): void {
    this.#set({
      uploads: this.#state.uploads.map((u) =>
        isRetryable(u) ? { ...u, state: 'waiting', sent: 0, error: null } : u,
      ),
    })
    void this.#run()
  }

  async #run(): Promise<void> {
    if (this.#sending) return
    this.#sending = true
    try {
      while (!this.#paused) {
        const batch = this.#unanswered[0] ?? this.#nextBatch()
        if (batch === null) return
        await this.#send(batch)
      }
    } finally {
      this.#sending = false
    }
  }

  #nextBatch(): Batch | null {
    const waiting = this.#state.uploads.filter((upload) => upload.state === 'waiting')
    const first = waiting[0]
    if (first === undefined) return null
    const uploads: Upload[] = []
    const most = Math.min(BATCH_FILES, this.#limits()?.max_files ?? BATCH_FILES)
    let size = 0
    for (const upload of waiting) {
      const fits = uploads.length < most && size + upload.file.size <= BATCH_BYTES
      // An archive goes alone: what the service says of file 3 is then of the third file in it.
      const isApart = upload.isArchive || first.isArchive || upload.options !== first.options
      if (uploads.length > 0 && (isApart || !fits)) break
      uploads.push(upload)
      size += upload.file.size
    }
    const batch = { uploads, idempotencyKey: randomKey() }
    this.#unanswered = [...this.#unanswered, batch]
    return batch
  }

  async #send(batch: Batch): Promise<void> {
    this.#abort = new AbortController()
    const ids = new Set(batch.uploads.map((upload) => upload.id))
    this.#change(ids, { state: 'sending', sent: 0 })
    // First, so that a page that goes on knows what the service may have already. Films do not
    // wait forever for a browser that cannot make up its mind.
    const keeping = this.#keepAll(batch.uploads).then(() =>
      this.#keeper.assign([...ids], batch.idempotencyKey),
    )
    await Promise.race([keeping, sleep(MOST_KEEPING_MS)])
    if (this.#abort.signal.aborted) {
      this.#change(ids, { state: 'waiting' })
      return
    }
    try {
      const job = await this.#submit(
        {
          files: batch.uploads.map((upload) => upload.file),
          ...(batch.uploads[0]?.options ?? { priority: 'routine', reference: '' }),
          idempotencyKey: batch.idempotencyKey,
        },
        {
          signal: this.#abort.signal,
          onProgress: (sent, total) => this.#tellProgress(batch, sent, total),
        },
      )
      this.#answered(batch)
      this.#onAccepted?.(job)
      this.#drop((upload) => ids.has(upload.id))
      this.#set({
        jobIds: [...this.#state.jobIds, job.id],
        hold: this.#paused ? 'paused' : null,
      })
    } catch (error) {
      await this.#recover(batch, ids, error)
    }
  }

  async #recover(batch: Batch, ids: ReadonlySet<string>, error: unknown): Promise<void> {
    const isRetryable =
      error instanceof ServiceUnreachable ||
      (error instanceof ServiceRefused && error.isTemporary && error.status !== 500)
    if (error instanceof DOMException || isRetryable) {
      // Unsent on purpose or by accident: the same batch goes again, so that the service can
      // tell that it is the same.
      this.#change(ids, { state: 'waiting', sent: 0 })
      if (!isRetryable) return
      this.#set({ hold: error instanceof ServiceUnreachable ? 'offline' : 'busy' })
      const retryS = (error instanceof ServiceRefused && error.retryAfterS) || this.#retryS
      await this.#sleep(retryS * 1_000)
      return
    }
    this.#answered(batch)
    const refused = error instanceof ServiceRefused ? error : null
    const wrong = namedFiles(batch.uploads, refused?.problem ?? null)
    if (wrong.size > 0) {
      // Some files are wrong: the others, if any, are sent without them.
      this.#change(ids, { state: 'waiting', sent: 0 })
      for (const [id, why] of wrong) this.#change(new Set([id]), { state: 'refused', error: why })
      return
    }
    this.#change(ids, {
      state: 'refused',
      sent: 0,
      error: {
        code: refused?.code ?? 'not_sent',
        detail: error instanceof Error ? error.message : '',
        inside: [],
      },
    })
  }

  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Files leave one after the other, so the body's progress tells each file's. */
  #tellProgress(batch: Batch, sent: number, total: number): void {
    const now = performance.now()
    if (now - this.#toldAt < TELL_MS && sent < total) return
    this.#toldAt = now
    const fileBytes = batch.uploads.reduce((sum, upload) => sum + upload.file.size, 0)
    // What surrounds the files is a few hundred bytes; it is taken off at the front.
    let left = sent - Math.max(0, total - fileBytes)
    const shares = new Map<string, number>()
    for (const { id, file } of batch.uploads) {
      shares.set(id, Math.min(1, Math.max(0, left / file.size)))
      left -= file.size
    }
    this.#set({
      uploads: this.#state.uploads.map((upload) => {
        const share = shares.get(upload.id)
        return share === undefined || share === upload.sent ? upload : { ...upload, sent: share }
      }),
      hold: this.#paused ? 'paused' : null,
    })
  }

  /** Keeps films, some at a time, except those that have gone meanwhile. */
  async #keepAll(uploads: readonly Upload[]): Promise<void> {
    for (let start = 0; start < uploads.length; start += BATCH_FILES) {
      const ids = new Set(uploads.slice(start, start + BATCH_FILES).map(({ id }) => id))
      const still = this.#state.uploads.filter(
        (upload) => ids.has(upload.id) && upload.state !== 'refused' && upload.isKept === null,
      )
      const kept = await Promise.all(still.map((upload) => this.#keeper.keep(upload)))
      for (const isKept of new Set(kept)) {
        const alike = still.filter((_, index) => kept[index] === isKept)
        this.#change(new Set(alike.map(({ id }) => id)), { isKept })
      }
    }
  }

  #answered(batch: Batch): void {
    this.#unanswered = this.#unanswered.filter((other) => other !== batch)
  }

  #drop(isGone: (upload: Upload) => boolean): void {
    const gone = this.#state.uploads.filter(isGone)
    if (gone.length === 0) return
    this.#set({ uploads: this.#state.uploads.filter((upload) => !isGone(upload)) })
    void this.#keeper.forget(gone.map(({ id }) => id))
  }

  #change(ids: ReadonlySet<string>, change: Partial<Upload>): void {
    this.#set({
      uploads: this.#state.uploads.map((upload) =>
        ids.has(upload.id) ? { ...upload, ...change } : upload,
      ),
    })
  }

  #set(change: Partial<UploadState>): void {
    this.#state = { ...this.#state, ...change }
    this.#listeners.forEach((listener) => listener())
  }
}

/** Errors of an archive as a whole, not of the files in it. */
const ARCHIVE_ERRORS: readonly ErrorCode[] = [
  'damaged_archive',
  'unsafe_archive',
  'archive_too_large',
  'encrypted_archive',
  'file_too_large',
]

/** What the service says is wrong with which upload, by the upload's id. */
function namedFiles(
  uploads: readonly Upload[],
  problem: Problem | null,
): ReadonlyMap<string, UploadError> {
  const wrong = new Map<string, UploadError>()
  const named = (problem?.errors ?? []).filter(({ index }) => typeof index === 'number')
  const [first] = uploads
  if (first?.isArchive && named.length > 0) {
    wrong.set(first.id, ofArchive(named))
    return wrong
  }
  for (const { index, code, detail } of named) {
    const upload = uploads[index ?? -1]
    if (upload && !wrong.has(upload.id)) wrong.set(upload.id, { code, detail, inside: [] })
  }
  return wrong
}

/** What is wrong with an archive that was sent alone: itself, or else every file in it. */
function ofArchive(named: Problem['errors']): UploadError {
  const whole = named.find(({ code }) => ARCHIVE_ERRORS.some((known) => known === code))
  if (whole) return { code: whole.code, detail: whole.detail, inside: [] }
  const inside = new Map(named.map(({ code, detail }) => [code, { code, detail }]))
  return { code: 'no_film_in_archive', detail: '', inside: [...inside.values()] }
}
