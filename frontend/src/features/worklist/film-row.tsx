import { memo, type KeyboardEvent } from 'react'
import { Link } from 'wouter'

import type { WorklistRow } from '@/shared/api/wire'
import type { WorklistFilter } from '@/shared/api/worklist'
import { useLanguage, useMessages } from '@/shared/i18n/language'
import { fullMoment, moment } from '@/shared/lib/figures'
import { filmPath } from '@/shared/lib/paths'
import { classes } from '@/shared/ui/classes'
import { ItemStateLabel } from '@/shared/ui/item-state'
import { OpinionIcon } from '@/shared/ui/opinion'
import { Score } from '@/shared/ui/score'

import { Checkbox } from './checkbox'
import { COLUMNS, FROM_LG, FROM_MD, FROM_XL } from './columns'
import { Wait } from './wait'

interface FilmRowProps {
  row: WorklistRow
  filter: WorklistFilter
  index: number
  top: number
  /** True for the one row in the tab order. */
  isCurrent: boolean
  isChosen: boolean
  actions: RowActions
}

/** Callbacks of rows; one stable object, so that rows are not drawn again. */
export interface RowActions {
  choose: (row: WorklistRow) => void
  focus: (row: WorklistRow) => void
  keyDown: (event: KeyboardEvent) => void
}

export const FilmRow = memo(function FilmRow(props: FilmRowProps) {
  const { row, filter, index, top, isCurrent, isChosen, actions } = props
  const messages = useMessages()
  const language = useLanguage()
  const { item } = row
  const { result } = item
  const input = result?.input
  const age = input?.age == null ? null : messages.worklist.years(input.age)

  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      data-row={index}
      className={classes(
        COLUMNS,
        'absolute inset-x-0 top-0 h-10 border-b border-line hover:bg-raised',
        isChosen && 'bg-raised',
      )}
      style={{ transform: `translateY(${top}px)` }}
    >
      <span role="cell" className="relative z-10">
        <Checkbox
          label={messages.worklist.selection.row(item.filename)}
          checked={isChosen}
          tabIndex={isCurrent ? 0 : -1}
          onChange={() => actions.choose(row)}
        />
      </span>
      <span role="cell" className={FROM_MD}>
        {item.state === 'succeeded' && result ? (
          <span className={classes(result.positive === true && 'text-suspicion')}>
            {result.positive === true ? messages.result.positive : messages.result.negative}
          </span>
        ) : (
          <ItemStateLabel state={item.state} />
        )}
      </span>
      <span role="cell" className={FROM_MD}>
        {result && <Score result={result} />}
      </span>
      <span role="cell" className="flex min-w-0 items-center gap-2">
        <Link
          href={filmPath(row.job_id, item.index, { kind: 'worklist', filter })}
          tabIndex={isCurrent ? 0 : -1}
          onFocus={() => actions.focus(row)}
          onKeyDown={actions.keyDown}
          title={item.filename}
          className="min-w-0 truncate after:absolute after:inset-0 focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-ink"
        >
          {item.filename}
        </Link>
        {row.priority === 'stat' && (
          <span className="shrink-0 font-semibold lg:hidden">{messages.priority.stat}</span>
        )}
        {item.feedback && (
          <span
            className="flex text-muted"
            title={messages.viewer.feedback.opinion[item.feedback.opinion]}
          >
            <OpinionIcon opinion={item.feedback.opinion} />
            <span className="sr-only">
              {messages.viewer.feedback.opinion[item.feedback.opinion]}
            </span>
          </span>
        )}
      </span>
      <span role="cell" className={classes(FROM_XL, 'truncate text-muted')}>
        {row.reference}
      </span>
      <span role="cell" className={classes(FROM_LG, 'text-muted')}>
        {input?.view}
      </span>
      <span role="cell" className={classes(FROM_LG, 'text-muted')}>
        {[age, input?.sex].filter(Boolean).join(', ')}
      </span>
      <span
        role="cell"
        className={classes(FROM_LG, row.priority === 'stat' ? 'font-semibold' : 'text-muted')}
      >
        {messages.priority[row.priority]}
      </span>
      <span role="cell" className={classes(FROM_LG, 'text-right whitespace-nowrap text-muted')}>
        <Wait row={row} />
      </span>
      <span
        role="cell"
        className={classes(FROM_MD, 'text-right text-muted')}
        title={fullMoment(row.created_at, language)}
      >
        {moment(row.created_at, language)}
      </span>
      <span role="cell" className="md:hidden">
        {item.state === 'succeeded' && result ? (
          <Score result={result} />
        ) : (
          <ItemStateLabel state={item.state} />
        )}
      </span>
    </div>
  )
})
