import { ServiceRefused } from '@/shared/api/errors'
import { useMessages } from '@/shared/i18n/language'
import { explainError } from '@/shared/lib/explain'

interface RefusalProps {
  notDone: string
  error: Error
}

/** An action that failed, and the reason if the service gave one. */
export function Refusal({ notDone, error }: RefusalProps) {
  const messages = useMessages()
  const code = error instanceof ServiceRefused ? error.code : null
  const words = code === null ? null : explainError(messages, code, '')
  return (
    <p role="alert">
      {notDone} {words ? `${words.what} ${words.action}` : messages.failure.unreachable}
    </p>
  )
}
