import { openDB, type DBSchema, type IDBPDatabase } from 'idb'

import type { JobOptions, Upload } from './upload-queue'

/** A film that waits to be sent, as it outlives its page. */
interface KeptFilm {
  id: string
  bytes: Blob
  name: string
  type: string
  isArchive: boolean
  options: JobOptions
  keptAt: number
  /** Whose session it was; null where none is needed. */
  owner: string | null
}

/** Which page sends a film. Apart from the film, so that changing it copies no bytes. */
interface Claim {
  id: string
  page: string
  /** Films are sent in this order. */
  order: number
  /** The idempotency key of the request that it was to go with, or has gone with. */
  batch: string | null
}

interface Schema extends DBSchema {
  films: { key: string; value: KeptFilm }
  claims: { key: string; value: Claim }
}

/** A film of a page that is gone, with the request that it may have been sent in already. */
export interface UnsentFilm {
  id: string
  page: string
  batch: string | null
  file: File
  isArchive: boolean
  options: JobOptions
}

const DATABASE = 'pneumocam.uploads'

/** As long as the service knows an idempotency key: later, a film could be sent twice. */
const KEPT_FOR_MS = 24 * 60 * 60 * 1000

/**
 * Films on their way to the service, in this browser, for as long as they are.
 *
 * They are erased when they have been sent or dismissed, at sign-out, when another person signs in,
 * and after a day. Where the browser keeps nothing, or has no room, films are sent all the same.
 */
export class FilmStore {
  readonly #page: string
  #opened: Promise<IDBPDatabase<Schema>> | null = null
  /** Of this page: being written, or written. */
  readonly #kept = new Map<string, Promise<boolean>>()

  constructor(page: string) {
    this.#page = page
  }

  /** Keeps a film; whether that has worked. Asking twice keeps it once. */
  keep(upload: Upload, owner: string | null): Promise<boolean> {
    const known = this.#kept.get(upload.id)
    if (known !== undefined) return known
    const written = this.#write(upload, owner).catch(() => false)
    this.#kept.set(upload.id, written)
    return written
  }

  /** Notes which request films go with, before it is sent. */
  async assign(ids: readonly string[], batch: string): Promise<void> {
    await this.#changeClaims(ids, (claim) => ({ ...claim, batch })).catch(() => undefined)
  }

  /** Erases films that have been sent, or are not to be. */
  async forget(ids: readonly string[]): Promise<void> {
    // What is being written would else come back.
    for (const id of ids) await this.#kept.get(id)
    ids.forEach((id) => this.#kept.delete(id))
    await this.#erase(ids).catch(() => undefined)
  }

  /** Erases every film of every page. */
  async forgetAll(): Promise<void> {
    await Promise.all(this.#kept.values())
    this.#kept.clear()
    const database = await this.#open().catch(() => null)
    if (database === null) return
    const erasing = database.transaction(['films', 'claims'], 'readwrite')
    await Promise.all([
      erasing.objectStore('films').clear(),
      erasing.objectStore('claims').clear(),
      erasing.done,
    ]).catch(() => undefined)
  }

  /**
   * The films of pages that are gone, in the order in which they were to be sent. Those of another
   * person, and old ones, are erased.
   *
   * Args:
   *   live: The pages that are open.
   *   owner: Who has signed in here.
   */
  async unsent(live: ReadonlySet<string>, owner: string | null): Promise<UnsentFilm[]> {
    const database = await this.#open().catch(() => null)
    if (database === null) return []
    const reading = database.transaction(['films', 'claims'])
    const [films, claims] = await Promise.all([
      reading.objectStore('films').getAll(),
      reading.objectStore('claims').getAll(),
    ])
    const claimOf = new Map(claims.map((claim) => [claim.id, claim]))
    const isOver = (film: KeptFilm) => film.owner !== owner || film.keptAt < now() - KEPT_FOR_MS
    const over = films.filter((film) => isOver(film) || !claimOf.has(film.id))
    await this.forget(over.map(({ id }) => id))
    return films
      .filter((film) => !over.includes(film))
      .flatMap((film) => {
        const claim = claimOf.get(film.id)
        if (claim === undefined || live.has(claim.page) || claim.page === this.#page) return []
        return [{ film, claim }]
      })
      .sort((a, b) => a.claim.page.localeCompare(b.claim.page) || a.claim.order - b.claim.order)
      .map(({ film, claim }) => ({
        id: film.id,
        page: claim.page,
        batch: claim.batch,
        file: new File([film.bytes], film.name, { type: film.type }),
        isArchive: film.isArchive,
        options: film.options,
      }))
  }

  /** Makes films of pages that are gone this page's own; those that no other page was faster to. */
  async takeOver(films: readonly UnsentFilm[]): Promise<UnsentFilm[]> {
    const pageOf = new Map(films.map(({ id, page }) => [id, page]))
    const taken = await this.#changeClaims([...pageOf.keys()], (claim) =>
      claim.page === pageOf.get(claim.id) ? { ...claim, page: this.#page } : null,
    )
    return films.filter(({ id }) => {
      if (taken.has(id)) this.#kept.set(id, Promise.resolve(true))
      return taken.has(id)
    })
  }

  async #write(upload: Upload, owner: string | null): Promise<boolean> {
    const database = await this.#open()
    const { id, order, file, isArchive, options } = upload
    const writing = database.transaction(['films', 'claims'], 'readwrite')
    await Promise.all([
      writing.objectStore('films').put({
        id,
        bytes: file,
        name: file.name,
        type: file.type,
        isArchive,
        options,
        keptAt: now(),
        owner,
      }),
      writing.objectStore('claims').put({ id, page: this.#page, order, batch: null }),
      writing.done,
    ])
    return true
  }

  /** Changes claims in one step; the ids of those for which there was something to change. */
  async #changeClaims(
    ids: readonly string[],
    change: (claim: Claim) => Claim | null,
  ): Promise<ReadonlySet<string>> {
    const changing = (await this.#open()).transaction('claims', 'readwrite')
    const changed = new Set<string>()
    for (const id of ids) {
      const claim = await changing.store.get(id)
      const next = claim && change(claim)
      if (!next) continue
      await changing.store.put(next)
      changed.add(id)
    }
    await changing.done
    return changed
  }

  async #erase(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    const erasing = (await this.#open()).transaction(['films', 'claims'], 'readwrite')
    await Promise.all([
      ...ids.flatMap((id) => [
        erasing.objectStore('films').delete(id),
        erasing.objectStore('claims').delete(id),
      ]),
      erasing.done,
    ])
  }

  #open(): Promise<IDBPDatabase<Schema>> {
    this.#opened ??= this.#openNow()
    return this.#opened
  }

  // Async, because some browsers throw at once where a page may keep nothing.
  async #openNow(): Promise<IDBPDatabase<Schema>> {
    return await openDB<Schema>(DATABASE, 1, {
      upgrade(database) {
        database.createObjectStore('films', { keyPath: 'id' })
        database.createObjectStore('claims', { keyPath: 'id' })
      },
      terminated: () => {
        this.#opened = null
      },
    })
  }
}

const now = () => Date.now()
