import type { ReactNode } from 'react'

import { classes } from '@/shared/ui/classes'

interface PlotProps {
  /** Label at the top of the vertical axis. */
  top: string
  bottom?: string
  /** Labels under the plot, from left to right. */
  below: readonly string[]
  /** Height of the plot. */
  className?: string
  children: ReactNode
}

/** A plot area with the ends of its axes. */
export function Plot({ top, bottom = '0', below, className = 'h-36', children }: PlotProps) {
  return (
    <div className="grid grid-cols-[3rem_minmax(0,1fr)] gap-x-2 text-xs leading-4 text-muted">
      <div className="flex flex-col justify-between text-right">
        <span>{top}</span>
        <span>{bottom}</span>
      </div>
      <div className={classes('relative border-b border-l border-edge', className)}>{children}</div>
      <span />
      <div className="flex justify-between pt-1">
        {below.map((text) => (
          <span key={text}>{text}</span>
        ))}
      </div>
    </div>
  )
}

/** A horizontal reference line. */
export function Level({ share, label }: { share: number; label: string }) {
  return (
    <div
      className="absolute inset-x-0 border-t border-dashed border-ink"
      style={{ bottom: `${share * 100}%` }}
    >
      <span className="absolute bottom-0.5 left-1 bg-ground px-1 text-ink">{label}</span>
    </div>
  )
}
