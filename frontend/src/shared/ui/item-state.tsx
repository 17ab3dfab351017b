import {
  Ban,
  CircleAlert,
  CircleCheck,
  CircleSlash,
  Hourglass,
  LoaderCircle,
  type LucideIcon,
} from 'lucide-react'

import type { ItemState } from '@/shared/api/wire'
import { useMessages } from '@/shared/i18n/language'

import { classes } from './classes'

const ICONS: Record<ItemState, LucideIcon> = {
  queued: Hourglass,
  running: LoaderCircle,
  succeeded: CircleCheck,
  rejected: CircleSlash,
  failed: CircleAlert,
  cancelled: Ban,
}

/** State of an item, as an icon and a word. */
export function ItemStateLabel({ state, text }: { state: ItemState; text?: string }) {
  const messages = useMessages()
  const Icon = ICONS[state]
  return (
    <span className="flex items-center gap-2 md:whitespace-nowrap">
      <Icon
        aria-hidden
        size="1rem"
        className={classes('text-muted', state === 'running' && 'animate-spin')}
      />
      {text ?? messages.state[state]}
    </span>
  )
}
