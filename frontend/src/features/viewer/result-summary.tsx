import { CircleAlert, CircleSlash, TriangleAlert } from 'lucide-react'
import { Link } from 'wouter'

import type { Item, Job, Result } from '@/shared/api/wire'
import { useMessages } from '@/shared/i18n/language'
import type { Explanation } from '@/shared/lib/codes'
import { explainCaution, explainError, explainReason } from '@/shared/lib/explain'
import { percent, percentPair } from '@/shared/lib/figures'
import { submitPath } from '@/shared/lib/paths'
import { buttonClasses } from '@/shared/ui/button'
import { classes } from '@/shared/ui/classes'
import { ItemStateLabel } from '@/shared/ui/item-state'
import { ProbabilityBar } from '@/shared/ui/probability-bar'

import { isReadableInverted, ReadInverted } from './read-inverted'

/** Result of an item: the probability, or the reason for having none. */
export function ResultSummary({ item, job }: { item: Item; job: Job | undefined }) {
  const messages = useMessages()
  const { viewer } = messages
  if (item.state === 'succeeded' && item.result) return <Probability result={item.result} />
  if (item.state === 'rejected') {
    return (
      <div className="flex flex-col gap-4">
        <Explained
          icon={<CircleSlash aria-hidden size="1.25rem" />}
          title={viewer.rejectedTitle}
          explanations={(item.result?.reasons ?? []).map(({ code, detail }) => ({
            code,
            ...explainReason(messages, code, detail),
          }))}
        />
        {isReadableInverted(item) && <ReadInverted item={item} job={job} />}
      </div>
    )
  }
  if (item.state === 'failed') {
    const { code, detail } = item.error ?? { code: 'unknown', detail: '' }
    return (
      <div className="flex flex-col items-start gap-4">
        <Explained
          icon={<CircleAlert aria-hidden size="1.25rem" />}
          title={viewer.failedTitle}
          explanations={[{ code, ...explainError(messages, code, detail) }]}
        />
        <Link href={submitPath} className={buttonClasses()}>
          {messages.submit.title}
        </Link>
      </div>
    )
  }
  return (
    <div className="flex flex-col gap-2" role="status">
      <ItemStateLabel state={item.state} />
      <p className="text-muted">{item.state === 'cancelled' ? viewer.cancelled : viewer.waiting}</p>
    </div>
  )
}

function Probability({ result }: { result: Result }) {
  const messages = useMessages()
  const text = messages.result
  const { probability, threshold } = result
  if (probability === null) return null
  const positive = result.positive === true
  const [shown, limit] = percentPair(probability, threshold)
  return (
    <div className="flex flex-col gap-3">
      <h2 className="text-muted">{text.probability}</h2>
      <div className="flex flex-wrap items-baseline justify-between gap-x-3 gap-y-1">
        <p
          data-testid="probability"
          data-value={probability}
          className={classes(
            'text-4xl leading-10 font-semibold whitespace-nowrap',
            positive && 'text-suspicion',
          )}
        >
          {shown}
        </p>
        <p
          data-testid="verdict"
          className={classes(
            'border px-2 leading-6 font-medium whitespace-nowrap',
            positive ? 'border-suspicion text-suspicion' : 'border-edge',
          )}
        >
          {positive ? text.positive : text.negative}
        </p>
      </div>
      <div>
        <ProbabilityBar
          probability={probability}
          threshold={threshold}
          positive={positive}
          className="mt-1 h-3"
        />
        <div className="relative mt-1.5 h-4 text-xs text-muted">
          <span className="absolute left-0">0</span>
          <span className="absolute right-0">100 %</span>
          <span
            className="absolute -translate-x-1/2 bg-panel px-1 whitespace-nowrap text-ink"
            style={{ left: `clamp(4rem, ${threshold * 100}%, 100% - 5.5rem)` }}
          >
            {text.threshold} <span data-testid="threshold">{limit}</span>
          </span>
        </div>
      </div>
      <p>{positive ? text.positiveLong : text.negativeLong}</p>
      <p className="text-muted">
        {messages.viewer.calibration(percent(probability).replace(/\s%$/, ''))}
      </p>
      {result.cautions.map(({ code, detail }) => (
        <p key={code} data-testid={`caution-${code}`} className="flex gap-2">
          <TriangleAlert aria-hidden size="1rem" className="mt-0.5 shrink-0" />
          {explainCaution(messages, code, detail)}
        </p>
      ))}
    </div>
  )
}

interface ExplainedProps {
  icon: React.ReactNode
  title: string
  explanations: readonly (Explanation & { code: string })[]
}

function Explained({ icon, title, explanations }: ExplainedProps) {
  const { viewer } = useMessages()
  return (
    <div className="flex flex-col gap-3">
      <h2 className="flex items-center gap-2 text-xl font-semibold">
        {icon}
        {title}
      </h2>
      {explanations.map(({ code, what, action }) => (
        <div key={code} className="flex flex-col gap-2">
          <p>{what}</p>
          <p className="text-muted">
            <span className="text-ink">{viewer.whatToDo}:</span> {action}
          </p>
          <p className="text-xs text-muted">
            {viewer.code} <code className="font-mono text-ink">{code}</code>
          </p>
        </div>
      ))}
    </div>
  )
}
