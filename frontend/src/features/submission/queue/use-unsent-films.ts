import { useCallback, useEffect, useRef, useState } from 'react'

import { isSignedOut, useSession } from '@/shared/api/session'

import type { FilmStore, UnsentFilm } from './film-store'
import { OpenPages } from './open-pages'

const NONE: readonly UnsentFilm[] = []

interface UnsentFilmsOptions {
  page: string
  kept: FilmStore
  /** Called when unsent films of this page belong to a person who has signed out. */
  onDrop: () => void
}

/** Unsent films of closed pages, and the actions on them. */
export function useUnsentFilms({ page, kept, onDrop }: UnsentFilmsOptions) {
  const [unsent, setUnsent] = useState(NONE)
  const pages = useRef<OpenPages | null>(null)
  const owner = useOwner()

  useEffect(() => {
    const opened = new OpenPages(page, () => {
      onDrop()
      setUnsent(NONE)
    })
    pages.current = opened
    return () => opened.close()
  }, [page, onDrop])

  const before = useRef(owner)
  useEffect(() => {
    if (owner === undefined) return
    // Films of another person are neither sent nor shown.
    if (before.current !== undefined && before.current !== owner) onDrop()
    before.current = owner
    const stop = new AbortController()
    const look = async () => {
      const others = (await pages.current?.others()) ?? new Set<string>()
      const found = await kept.unsent(others, owner)
      if (!stop.signal.aborted) setUnsent(found)
    }
    void look()
    return () => stop.abort()
  }, [owner, kept, onDrop])

  const take = useCallback(async () => {
    setUnsent(NONE)
    return kept.takeOver(unsent).catch(() => [])
  }, [kept, unsent])
  const dismiss = useCallback(() => {
    setUnsent(NONE)
    void kept.forget(unsent.map(({ id }) => id))
  }, [kept, unsent])
  /** Erase all unsent films, in all pages of this browser. */
  const dropAll = useCallback(() => {
    setUnsent(NONE)
    onDrop()
    pages.current?.tellToDrop()
    void kept.forgetAll()
  }, [kept, onDrop])

  return { unsent, take, dismiss, dropAll }
}

/** Name of the session; null if the service needs no key, undefined until known. */
function useOwner(): string | null | undefined {
  const { data } = useSession()
  return data === undefined || isSignedOut(data) ? undefined : data.name
}
