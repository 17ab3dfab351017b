import type { LucideIcon } from 'lucide-react'
import type { ComponentProps } from 'react'

import { classes } from './classes'
import { Hint } from './hint'

const BASE =
  'inline-flex items-center justify-center gap-2 rounded-sm font-medium whitespace-nowrap select-none disabled:opacity-40'

const LOOKS = {
  primary: 'bg-ink text-ground enabled:hover:opacity-85',
  plain: 'border border-edge bg-panel text-ink enabled:hover:bg-raised',
  quiet: 'text-muted enabled:hover:bg-raised enabled:hover:text-ink',
}

export type ButtonLook = keyof typeof LOOKS

export const buttonClasses = (look: ButtonLook = 'plain', className?: string) =>
  classes(BASE, LOOKS[look], 'h-8 px-3', className)

interface ButtonProps extends ComponentProps<'button'> {
  look?: ButtonLook
  icon?: LucideIcon
}

export function Button({ look, icon: Icon, className, children, ...rest }: ButtonProps) {
  return (
    <button type="button" className={buttonClasses(look, className)} {...rest}>
      {Icon && <Icon aria-hidden size="1rem" />}
      {children}
    </button>
  )
}

interface IconButtonProps extends Omit<ComponentProps<'button'>, 'children'> {
  /** Accessible name, also shown on hover and focus. */
  label: string
  icon: LucideIcon
  shortcut?: string | undefined
  pressed?: boolean
}

export function IconButton({
  label,
  icon: Icon,
  shortcut,
  pressed,
  className,
  ...rest
}: IconButtonProps) {
  return (
    <Hint label={label} shortcut={shortcut}>
      <button
        type="button"
        aria-label={label}
        aria-pressed={pressed}
        className={classes(
          BASE,
          'size-8 shrink-0',
          pressed ? 'bg-ink text-ground' : LOOKS.quiet,
          className,
        )}
        {...rest}
      >
        <Icon aria-hidden size="1.125rem" />
      </button>
    </Hint>
  )
}
