import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'

import { coalesced, sleep } from '@/shared/lib/coalesced'

import { serverEvents } from './server-events'
import { refreshSession } from './session'

const RETRY_MS = 10_000
/** Shortest time between two requests for the list, however many events arrive. */
const MIN_GAP_MS = 1_000

/**
 * Keep the worklist up to date by the service's events while the page is visible. Returns false
 * while there are no events, so that the list must be polled.
 */
export function useWorklistEvents(isWanted: boolean): boolean {
  const queries = useQueryClient()
  const isVisible = usePageVisible()
  const [isLive, setLive] = useState(false)
  // Only while visible: a stream takes one of the six connections to a host that all tabs share.
  const isOpen = isWanted && isVisible

  useEffect(() => {
    if (!isOpen) return
    const stop = new AbortController()
    const isStopped = () => stop.signal.aborted
    void follow()
    return () => {
      stop.abort()
      setLive(false)
    }

    async function follow() {
      while (!isStopped()) {
        try {
          await takeEvents()
        } catch (error) {
          // From now on the list is polled, and shows the error if that fails too.
          if (!isStopped()) refreshSession(queries, error)
        }
        if (isStopped()) return
        setLive(false)
        await sleep(RETRY_MS)
      }
    }

    async function takeEvents() {
      const refresh = coalesced(async () => {
        if (!isStopped()) await queries.invalidateQueries({ queryKey: ['worklist'] })
      }, MIN_GAP_MS)
      for await (const event of serverEvents('/v1/jobs/events', stop.signal)) {
        if (event.name !== 'worklist') continue
        setLive(true)
        refresh()
      }
    }
  }, [isOpen, queries])

  return isLive
}

function usePageVisible(): boolean {
  const [isVisible, setVisible] = useState(() => document.visibilityState === 'visible')
  useEffect(() => {
    const look = () => setVisible(document.visibilityState === 'visible')
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }, [])
  return isVisible
}
