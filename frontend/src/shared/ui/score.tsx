import type { Result } from '@/shared/api/wire'
import { useMessages } from '@/shared/i18n/language'
import { percent } from '@/shared/lib/figures'

import { classes } from './classes'
import { ProbabilityBar } from './probability-bar'

/** A result in one line: bar, percentage, and above or below the threshold. */
export function Score({ result, className }: { result: Result; className?: string }) {
  const messages = useMessages()
  const { probability, threshold } = result
  if (probability === null) return null
  const positive = result.positive === true
  return (
    <div className={classes('flex items-center gap-3', className)}>
      <ProbabilityBar
        probability={probability}
        threshold={threshold}
        positive={positive}
        className="min-w-16 flex-1"
      />
      <span
        className={classes(
          'w-14 shrink-0 text-right font-medium whitespace-nowrap',
          positive && 'text-suspicion',
        )}
      >
        {percent(probability)}
      </span>
      <span className="sr-only">
        {positive ? messages.result.positive : messages.result.negative}
      </span>
    </div>
  )
}
