import { Switch as Primitive } from 'radix-ui'
import { useId, type ReactNode } from 'react'

import { classes } from './classes'

interface SwitchProps {
  label: ReactNode
  checked: boolean
  onChange: (checked: boolean) => void
  className?: string
}

/** A switch with immediate effect. */
export function Switch({ label, checked, onChange, className }: SwitchProps) {
  const id = useId()
  return (
    <div className={classes('flex min-h-6 items-center justify-between gap-3', className)}>
      <label htmlFor={id} className="text-muted">
        {label}
      </label>
      <Primitive.Root
        id={id}
        checked={checked}
        onCheckedChange={onChange}
        className="group flex h-6 w-10 shrink-0 items-center"
      >
        <span className="flex h-5 w-10 items-center rounded-full border border-edge bg-panel px-0.5 group-data-[state=checked]:bg-ink">
          <Primitive.Thumb className="block size-3.5 rounded-full bg-edge data-[state=checked]:translate-x-5 data-[state=checked]:bg-ground" />
        </span>
      </Primitive.Root>
    </div>
  )
}
