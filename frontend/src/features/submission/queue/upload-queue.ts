import { ServiceRefused, ServiceUnreachable } from '@/shared/api/errors'
import type { submitFilms } from '@/shared/api/submit-films'
import type { Job, Priority, Problem, SubmissionLimits } from '@/shared/api/wire'
import type { ErrorCode } from '@/shared/lib/codes'
import { sleep } from '@/shared/lib/coalesced'
import { randomKey } from '@/shared/lib/random-key'

import { checkFile, isLocalError } from '../files/file-check'
import type { UnsentFilm } from './film-store'

/** A file that is not part of a job yet. */
export interface Upload {
  id: string
  /** Position among all files that this page has queued. */
  order: number
  file: File
  /** True for a ZIP archive, of which the service makes one item per file. */
  isArchive: boolean
  options: JobOptions
  state: 'waiting' | 'sending' | 'refused'
  /** Share of the file that was sent, 0 to 1. */
  sent: number
  error: UploadError | null
  /** True if the browser has stored the file, so that it outlives the page; null while storing. */
  isKept: boolean | null
}

/** Reason for refusing a file: a code, and the service's sentence if it gave one. */
export interface UploadError {
  code: string
  detail: string
  /** Distinct errors of the files in an archive. */
  inside: readonly { code: string; detail: string }[]
}

export interface JobOptions {
  priority: Priority
  reference: string
}

/** True if the service may accept a refused file next time. An empty file is never accepted. */
export const isRetryable = ({ state, error }: Upload) =>
  state === 'refused' && error !== null && !isLocalError(error.code)

/** Reason for not sending at present. */
export type Hold = 'paused' | 'offline' | 'busy' | null

export interface UploadState {
  uploads: readonly Upload[]
  /** Jobs of this submission so far, in order. */
  jobIds: readonly string[]
  hold: Hold
}

/** Limits of one request: a failure then costs little, and first results come early. */
const BATCH_FILES = 25
const BATCH_BYTES = 64 * 2 ** 20

const RETRY_S = 3
const MOST_KEEPING_MS = 10_000
/** Shortest time between two progress updates: 500 rows need not be drawn for each packet. */
const TELL_MS = 100

interface Batch {
  uploads: readonly Upload[]
  idempotencyKey: string
}

/** Stores films until they have been sent; see `FilmStore`. */
export interface Keeper {
  keep: (upload: Upload) => Promise<boolean>
  assign: (ids: readonly string[], batch: string) => Promise<void>
  forget: (ids: readonly string[]) => Promise<void>
}

interface UploadQueueOptions {
  submit: typeof submitFilms
  keeper: Keeper
  /** Called with each accepted job. */
  onAccepted?: (job: Job) => void
  /** Limits of the service; null while unknown. */
  limits?: () => SubmissionLimits | null
  retryS?: number
}

/**
 * Sends files as jobs, one batch after the other, whichever page is open.
 *
 * After a temporary failure a batch is sent again with the same idempotency key. If the service
 * names a file as wrong, that file is set aside and the others are sent without it.
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
  /** Requests without an answer. Each is sent again unchanged. */
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

  /** Append files to the queue; files that cannot be sent are set aside. */
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

  /** Append films of a closed page; its unanswered requests are sent again unchanged. */
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

  /** Start a new submission: refused files and accepted jobs are no longer listed. */
  startOver(): void {
    this.#drop((upload) => upload.state === 'refused')
    this.#set({ jobIds: [] })
  }

  /** Show the jobs of the opened address, unless files are queued. */
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

  /** Drop unsent files. Accepted jobs are not touched. */
  cancel(): void {
    this.#unanswered = []
    this.#abort.abort()
    this.#paused = false
    this.#drop((upload) => upload.state !== 'refused')
    this.#set({ hold: null })
    this.#wake?.()
  }

  /** Drop everything. Accepted jobs are not touched on the service. */
  clear(): void {
    this.cancel()
    this.startOver()
  }

  remove(id: string): void {
    this.#drop((upload) => upload.id === id)
  }

  /** Queue refused files again. */
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
      // An archive is sent alone, so that the service's file indexes are those of its files.
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
    // Stored first, so that a later page knows which films the service may have already. Not for
    // long: a browser whose storage hangs must not keep films from being sent.
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
      // Aborted or failed: the same batch is sent again, so that the service can recognise it.
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
      // Wrong files are set aside; the others, if any, are sent without them.
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

  /** Derive each file's progress from the body's: files are sent one after the other. */
  #tellProgress(batch: Batch, sent: number, total: number): void {
    const now = performance.now()
    if (now - this.#toldAt < TELL_MS && sent < total) return
    this.#toldAt = now
    const fileBytes = batch.uploads.reduce((sum, upload) => sum + upload.file.size, 0)
    // The form adds a few hundred bytes; they are subtracted at the front.
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

  /** Store films, a batch at a time, except those that are sent or dropped meanwhile. */
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
  'unsupported_archive',
  'file_too_large',
]

/** Map the problem's errors to uploads, by the upload's id. */
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

/** Error of an archive that was sent alone: its own, or else those of the files in it. */
function ofArchive(named: Problem['errors']): UploadError {
  const whole = named.find(({ code }) => ARCHIVE_ERRORS.some((known) => known === code))
  if (whole) return { code: whole.code, detail: whole.detail, inside: [] }
  const inside = new Map(named.map(({ code, detail }) => [code, { code, detail }]))
  return { code: 'no_film_in_archive', detail: '', inside: [...inside.values()] }
}
