import { CloudOff, SearchX, Trash2, TriangleAlert, type LucideIcon } from 'lucide-react'

import { ServiceRefused, ServiceUnreachable } from '@/shared/api/errors'
import { useMessages } from '@/shared/i18n/language'

import { Button } from './button'
import { Notice } from './notice'

const ICONS: Partial<Record<string, LucideIcon>> = {
  not_found: SearchX,
  invalid_request: SearchX,
  erased: Trash2,
  unavailable: CloudOff,
}

interface FailureProps {
  error: Error
  retry: () => void
  className?: string
}

/** Why something could not be loaded, and what can be done. */
export function Failure({ error, retry, className }: FailureProps) {
  const messages = useMessages()
  const { failure } = messages
  const isAway = error instanceof ServiceUnreachable
  const refused = error instanceof ServiceRefused ? error : null
  const code = refused?.code ?? null
  const icon = isAway ? CloudOff : (code !== null && ICONS[code]) || TriangleAlert
  const words = code !== null && messages.error.known[code]
  const isFinal = refused !== null && !refused.isTemporary
  return (
    <Notice icon={icon} title={failure.title} role="alert" {...(className && { className })}>
      <p>
        {isAway
          ? failure.unreachable
          : words
            ? `${words.what} ${words.action}`
            : (refused?.message ?? failure.unknown)}
      </p>
      {refused?.problem && (
        <p className="font-mono text-xs">{failure.requestId(refused.problem.request_id)}</p>
      )}
      {!isFinal && <Button onClick={retry}>{failure.retry}</Button>}
    </Notice>
  )
}
