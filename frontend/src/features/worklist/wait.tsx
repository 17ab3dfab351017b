import { useEffect, useState } from 'react'

import type { WorklistRow } from '@/shared/api/wire'
import { useMessages } from '@/shared/i18n/language'
import { duration } from '@/shared/lib/figures'
import { serviceNow } from '@/shared/lib/service-clock'

const SECOND_MS = 1_000

/** Time that an item has been queued, or was queued before it was read. */
export function Wait({ row: { item, created_at } }: { row: WorklistRow }) {
  const { worklist } = useMessages()
  if (item.state === 'queued') return <Waiting since={Date.parse(created_at)} />
  const waited = item.result?.timings_ms.queued
  return waited == null ? null : <span>{duration(waited, worklist.units)}</span>
}

function Waiting({ since }: { since: number }) {
  const { worklist } = useMessages()
  const [now, setNow] = useState(serviceNow)
  useEffect(() => {
    const timer = setInterval(() => setNow(serviceNow()), SECOND_MS)
    return () => clearInterval(timer)
  }, [])
  return <span className="text-ink">{duration(Math.max(0, now - since), worklist.units)}</span>
}
