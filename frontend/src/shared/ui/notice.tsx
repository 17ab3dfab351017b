import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'

import { classes } from './classes'

interface NoticeProps {
  icon: LucideIcon
  title: string
  children?: ReactNode
  /** `alert` interrupts a screen reader, `status` waits for a pause. */
  role?: 'alert' | 'status'
  className?: string
}

/** Shown instead of content: nothing yet, loading, unreachable, failed. */
export function Notice({ icon: Icon, title, children, role = 'status', className }: NoticeProps) {
  return (
    <div
      role={role}
      className={classes(
        'mx-auto flex max-w-md flex-col items-center gap-2 px-6 py-16 text-center',
        className,
      )}
    >
      <Icon aria-hidden size="1.5rem" className="text-muted" />
      <p className="font-medium">{title}</p>
      {children !== undefined && (
        <div className="flex flex-col items-center gap-4 text-muted">{children}</div>
      )}
    </div>
  )
}
