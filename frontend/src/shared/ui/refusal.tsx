import { ServiceRefused } from '@/shared/api/errors'
import { useMessages } from '@/shared/i18n/language'
import { explainError } from '@/shared/lib/explain'

interface RefusalProps {
  notDone: string
  error: Error
}

/** What was not done, and why, as far as the service says. */
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
