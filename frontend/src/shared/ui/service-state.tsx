import { CircleCheck, CloudOff, TriangleAlert } from 'lucide-react'

import { useReadiness } from '@/shared/api/readiness'
import { useMessages } from '@/shared/i18n/language'

import { classes } from './classes'

/** State of the service and its clock; always in words unless all is well. */
export function ServiceState({ isShownWhenReady }: { isShownWhenReady: boolean }) {
  const { service } = useMessages()
  const { data, error } = useReadiness()
  const missing = Object.entries(data?.dependencies ?? {})
    .filter(([, state]) => state !== 'ok')
    .map(([name]) => name)
  const isClockAhead = missing.includes('clock')
  const [Icon, words] = error
    ? [CloudOff, service.unreachable]
    : data && !data.ready
      ? [TriangleAlert, service.notReady(missing.join(', '))]
      : isClockAhead
        ? [TriangleAlert, service.clockAhead]
        : [CircleCheck, service.ready]
  const isReady = !error && data?.ready === true && !isClockAhead
  if (!error && data === undefined) return null
  return (
    <p
      role="status"
      className={classes('flex items-center gap-2', isReady && !isShownWhenReady && 'sr-only')}
      title={error ? service.unreachableHint : words}
    >
      <Icon aria-hidden size="1rem" className="shrink-0 text-muted" />
      <span className={classes(isReady ? 'text-muted max-md:sr-only' : 'font-medium')}>
        {words}
      </span>
    </p>
  )
}
