import { CloudOff, SearchX, Trash2, TriangleAlert } from 'lucide-react'

import { ServiceRefused, ServiceUnreachable } from '@/shared/api/errors'
import { useMessages } from '@/shared/i18n/language'

import { Button } from './button'
import { Notice } from './notice'

interface FailureProps {
  error: Error
  retry: () => void
  className?: string
}

/** Why something could not be loaded, in words, and what can be done. */
export function Failure({ error, retry, className }: FailureProps) {
  const { failure } = useMessages()
  const refused = error instanceof ServiceRefused ? error : null
  const [icon, sentence] =
    error instanceof ServiceUnreachable
      ? ([CloudOff, failure.unreachable] as const)
      : refused?.status === 404 || refused?.status === 422
        ? ([SearchX, failure.notFound] as const)
        : refused?.status === 410
          ? ([Trash2, failure.erased] as const)
          : refused?.status === 503
            ? ([CloudOff, failure.unavailable] as const)
            : ([TriangleAlert, refused?.message ?? failure.unknown] as const)
  const isFinal = refused !== null && !refused.isTemporary
  return (
    <Notice icon={icon} title={failure.title} role="alert" {...(className && { className })}>
      <p>{sentence}</p>
      {refused?.problem && (
        <p className="font-mono text-xs">{failure.requestId(refused.problem.request_id)}</p>
      )}
      {!isFinal && <Button onClick={retry}>{failure.retry}</Button>}
    </Notice>
  )
}
