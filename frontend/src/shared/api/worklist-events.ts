import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'

import { coalesced, sleep } from '@/shared/lib/coalesced'

import { serverEvents } from './server-events'
import { refreshSession } from './session'

const RETRY_MS = 10_000
/** However much happens, the list is not asked for more often. */
const LEAST_GAP_MS = 1_000

/**
 * Keeps the worklist up to date by the service's events while the page is in sight; false where
 * they are away, and the list has to be asked for now and then.
 */
export function useWorklistEvents(isWanted: boolean): boolean {
  const queries = useQueryClient()
  const isInSight = useIsInSight()
  const [isLive, setLive] = useState(false)
  // A stream takes one of the six connections that a browser opens to a host, in all its tabs.
  const isOpen = isWanted && isInSight

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
          // The list is asked for by itself from now on, and shows why if that fails too.
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
      }, LEAST_GAP_MS)
      for await (const event of serverEvents('/v1/jobs/events', stop.signal)) {
        if (event.name !== 'worklist') continue
        setLive(true)
        refresh()
      }
    }
  }, [isOpen, queries])

  return isLive
}

function useIsInSight(): boolean {
  const [isInSight, setInSight] = useState(() => document.visibilityState === 'visible')
  useEffect(() => {
    const look = () => setInSight(document.visibilityState === 'visible')
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }, [])
  return isInSight
}
