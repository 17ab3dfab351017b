import { Tooltip } from 'radix-ui'
import type { ReactElement } from 'react'

interface HintProps {
  label: string
  shortcut?: string | undefined
  children: ReactElement
}

/** Tooltip with a control's name and key, on hover and focus. */
export function Hint({ label, shortcut, children }: HintProps) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content
          // A screen reader has the control's own name already.
          aria-hidden
          sideOffset={6}
          collisionPadding={8}
          className="z-50 flex items-center gap-2 rounded-sm border border-line bg-raised px-2 py-1 text-xs text-ink"
        >
          {label}
          {shortcut !== undefined && <Key>{shortcut}</Key>}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  )
}

export function Key({ children }: { children: string }) {
  return (
    <kbd className="inline-block min-w-5 rounded-xs border border-edge px-1 text-center font-sans text-xs leading-4">
      {children}
    </kbd>
  )
}
