import { openDB, type DBSchema, type IDBPDatabase } from 'idb'

import type { JobOptions, Upload } from './upload-queue'

/** A film that waits to be sent, stored so that it outlives its page. */
interface KeptFilm {
  id: string
  bytes: Blob
  name: string
  type: string
  isArchive: boolean
  options: JobOptions
  keptAt: number
  /** Name of the session; null if the service needs no key. */
  owner: string | null
}

/** The page that sends a film. In a table of its own, so that changing it copies no film. */
interface Claim {
  id: string
  page: string
  /** Position in the order of sending. */
  order: number
  /** Idempotency key of the request that was to carry the film, or has. */
  batch: string | null
}

interface Schema extends DBSchema {
  films: { key: string; value: KeptFilm }
  claims: { key: string; value: Claim }
}

/** A film of a closed page, with the request in which it may have been sent already. */
export interface UnsentFilm {
  id: string
  page: string
  batch: string | null
  file: File
  isArchive: boolean
  options: JobOptions
}

const DATABASE = 'pneumocam.uploads'

/** Lifetime of the service's idempotency keys: after it, a film could be submitted twice. */
const KEPT_FOR_MS = 24 * 60 * 60 * 1000

/**
 * Store of the films that are not sent yet, in this browser's IndexedDB.
 *
 * Films are erased once they are sent or discarded, at sign-out, when another person signs in, and
 * after a day. If the browser stores nothing, or has no room, films are sent all the same.
 */
export class FilmStore {
  readonly #page: string
  #opened: Promise<IDBPDatabase<Schema>> | null = null
  /** This page's films, with the result of writing each. */
  readonly #kept = new Map<string, Promise<boolean>>()

  constructor(page: string) {
    this.#page = page
  }

  /** Store a film once, and return whether it is stored. */
  keep(upload: Upload, owner: string | null): Promise<boolean> {
    const known = this.#kept.get(upload.id)
    if (known !== undefined) return known
    const written = this.#write(upload, owner).catch(() => false)
    this.#kept.set(upload.id, written)
    return written
  }

  /** Record the request that carries films, before it is sent. */
  async assign(ids: readonly string[], batch: string): Promise<void> {
    await this.#changeClaims(ids, (claim) => ({ ...claim, batch })).catch(() => undefined)
  }

  /** Erase films that have been sent, or will not be. */
  async forget(ids: readonly string[]): Promise<void> {
    // A film still being written would otherwise appear after its erasure.
    for (const id of ids) await this.#kept.get(id)
    ids.forEach((id) => this.#kept.delete(id))
    await this.#erase(ids).catch(() => undefined)
  }

  /** Erase every film of every page. */
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
   * List the films of closed pages, in the order of sending. Those of another person, and those
   * older than a day, are erased.
   *
   * Args:
   *   live: Pages that are open.
   *   owner: Name of the session; null if the service needs no key.
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

  /** Claim films of closed pages for this page. Returns those that no other page claimed first. */
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

  /** Change claims in one transaction, and return the ids of the changed ones. */
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

  // Async, because some browsers throw synchronously if storage is forbidden.
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
