import { KeyRound } from 'lucide-react'
import { useEffect, useId, useRef, useState } from 'react'

import { ServiceRefused } from '@/shared/api/errors'
import { useSignIn } from '@/shared/api/session'
import { useMessages } from '@/shared/i18n/language'
import { Button } from '@/shared/ui/button'
import { Disclaimer } from '@/shared/ui/disclaimer'

/** Shown instead of every page until a key was given; the address stays and opens afterwards. */
export function SignInPage() {
  const { session: text } = useMessages()
  const signIn = useSignIn()
  const [key, setKey] = useState('')
  const field = useRef<HTMLInputElement>(null)
  const id = useId()
  const why = useWhyNot(signIn.error)

  useEffect(() => {
    document.title = `${text.title} · PneumoCAM`
  }, [text.title])
  // The key is the only field, and the one to change after a refusal.
  useEffect(() => field.current?.focus(), [signIn.error])

  return (
    <main id="content" tabIndex={-1} className="flex flex-1 flex-col outline-none">
      <form
        className="mx-auto flex w-full max-w-sm flex-1 flex-col justify-center gap-4 px-6 py-8"
        onSubmit={(event) => {
          event.preventDefault()
          if (!signIn.isPending) signIn.mutate(key.trim())
        }}
      >
        <h1 className="text-xl font-semibold">{text.title}</h1>
        <div className="flex flex-col gap-1">
          <label htmlFor={id}>{text.key}</label>
          <input
            ref={field}
            id={id}
            // A password to the browser: hidden on the screen, and kept by password managers.
            type="password"
            autoComplete="current-password"
            autoCapitalize="off"
            spellCheck={false}
            required
            maxLength={200}
            value={key}
            aria-invalid={why !== null}
            aria-describedby={`${id}-hint`}
            onChange={(event) => setKey(event.target.value)}
            className="h-8 rounded-sm border border-edge bg-panel px-2 font-mono"
          />
          <p id={`${id}-hint`} className="text-xs leading-4 text-muted">
            {text.hint}
          </p>
        </div>
        {why !== null && <p role="alert">{why}</p>}
        <Button type="submit" look="primary" icon={KeyRound} aria-disabled={signIn.isPending}>
          {text.signIn}
        </Button>
      </form>
      <footer className="border-t border-line px-4 py-2">
        <Disclaimer />
      </footer>
    </main>
  )
}

function useWhyNot(error: Error | null): string | null {
  const { error: refused, failure } = useMessages()
  if (error === null) return null
  if (!(error instanceof ServiceRefused)) return failure.unreachable
  // Text that does not even have the form of a key (422) is an invalid key, too.
  const code = error.isTemporary ? 'unavailable' : (error.code ?? 'invalid_key')
  const { what, action } = refused.known[code === 'malformed_request' ? 'invalid_key' : code]
  return `${what} ${action}`
}
