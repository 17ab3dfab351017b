import { LogOut } from 'lucide-react'

import { useSession, useSignOut } from '@/shared/api/session'
import { useMessages } from '@/shared/i18n/language'
import { IconButton } from '@/shared/ui/button'

interface SignOutProps {
  /** Called when the session is over, to erase this person's other data. */
  onSignedOut: () => void
}

/** Sign-out button; absent if the service needs no key. */
export function SignOut({ onSignedOut }: SignOutProps) {
  const { session: text } = useMessages()
  const { data } = useSession()
  const signOut = useSignOut()
  if (!data?.keys_needed || data.name === null) return null
  return (
    <IconButton
      label={signOut.isError ? text.signOutFailed : text.signOut(data.name)}
      icon={LogOut}
      disabled={signOut.isPending}
      onClick={() => signOut.mutate(undefined, { onSuccess: onSignedOut })}
    />
  )
}
