import type { WorklistFilter } from '@/shared/api/worklist'
import type { Priority, WorklistSort } from '@/shared/api/wire'
import { useMessages } from '@/shared/i18n/language'
import { classes } from '@/shared/ui/classes'
import { Choice } from '@/shared/ui/choice'

/** Filters that one click sets. */
const SHOWN = {
  all: {},
  positive: { positive: true },
  negative: { positive: false },
  open: { state: 'queued' },
  running: { state: 'running' },
  rejected: { state: 'rejected' },
  failed: { state: 'failed' },
  cancelled: { state: 'cancelled' },
} satisfies Record<string, Pick<WorklistFilter, 'state' | 'positive'>>

type ShownName = keyof typeof SHOWN
const SHOWN_NAMES = Object.keys(SHOWN) as ShownName[]

interface FiltersProps {
  filter: WorklistFilter
  onChange: (filter: WorklistFilter) => void
}

/** Filter by state and result. */
export function ShownFilter({ filter, onChange }: FiltersProps) {
  const { worklist: text } = useMessages()
  const { state, positive, ...others } = filter
  const shown = SHOWN_NAMES.find((name) => {
    const wanted: Pick<WorklistFilter, 'state' | 'positive'> = SHOWN[name]
    return wanted.state === state && wanted.positive === positive
  })
  return (
    <div
      role="group"
      aria-label={text.show}
      className="flex w-full gap-1 max-md:overflow-x-auto md:flex-wrap"
    >
      {SHOWN_NAMES.map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={shown === name}
          onClick={() => onChange({ ...others, ...SHOWN[name] })}
          className={classes(
            'h-7 shrink-0 rounded-sm px-2.5 whitespace-nowrap',
            shown === name ? 'bg-ink text-ground' : 'text-muted hover:bg-raised hover:text-ink',
          )}
        >
          {text.filter[name]}
        </button>
      ))}
    </div>
  )
}

/** Filter by priority, and order. */
export function OrderChoices({ filter, onChange }: FiltersProps) {
  const { worklist: text, priority } = useMessages()
  const { priority: chosenPriority, ...ofAnyPriority } = filter
  const { sort, ...newestFirst } = filter
  return (
    <div className="flex min-w-0 gap-2 max-md:w-full md:ml-auto">
      <Choice
        label={text.priority}
        value={chosenPriority ?? ''}
        choices={[
          { value: '', label: text.anyPriority },
          { value: 'stat', label: priority.stat },
          { value: 'routine', label: priority.routine },
        ]}
        onChange={(value: Priority | '') =>
          onChange(value === '' ? ofAnyPriority : { ...filter, priority: value })
        }
      />
      <Choice
        label={text.sort}
        value={sort ?? '-created_at'}
        choices={[
          { value: '-created_at', label: text.newest },
          { value: '-probability', label: text.suspicious },
        ]}
        onChange={(value: WorklistSort) =>
          onChange(value === '-created_at' ? newestFirst : { ...filter, sort: value })
        }
      />
    </div>
  )
}
