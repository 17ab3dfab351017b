import { useMessages } from '@/shared/i18n/language'
import { percentPair } from '@/shared/lib/figures'

import { classes } from './classes'

interface ProbabilityBarProps {
  probability: number
  threshold: number
  positive: boolean
  className?: string
}

/**
 * A probability from 0 to 100 % with the threshold marked.
 *
 * The bar is filled above the threshold and outlined below it, so colour is not needed.
 */
export function ProbabilityBar({
  probability,
  threshold,
  positive,
  className,
}: ProbabilityBarProps) {
  const { result } = useMessages()
  return (
    <div
      role="meter"
      aria-label={result.probability}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(probability * 1000) / 10}
      aria-valuetext={result.meter(...percentPair(probability, threshold))}
      className={classes('relative h-2 bg-raised', className)}
    >
      <div
        className={classes(
          'absolute inset-y-0 left-0 min-w-px',
          positive ? 'bg-suspicion' : 'border border-muted bg-ground',
        )}
        style={{ width: `${probability * 100}%` }}
      />
      <div
        className="absolute -inset-y-1 w-0.5 -translate-x-1/2 bg-ink ring-1 ring-ground"
        style={{ left: `${threshold * 100}%` }}
      />
    </div>
  )
}
