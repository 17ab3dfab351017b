import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import type { WorklistRow } from '@/shared/api/wire'
import type { WorklistFilter } from '@/shared/api/worklist'
import { useMessages } from '@/shared/i18n/language'
import { anchoredFilm, filmAnchor } from '@/shared/lib/paths'
import { useRem } from '@/shared/lib/use-rem'
import { classes } from '@/shared/ui/classes'

import { Checkbox } from './checkbox'
import { COLUMNS, FROM_LG, FROM_MD, FROM_XL } from './columns'
import { FilmRow, type RowActions } from './film-row'
import { useSteadyScroll } from './use-steady-scroll'

interface FilmTableProps {
  rows: readonly WorklistRow[]
  filter: WorklistFilter
  hasMore: boolean
  isLoadingMore: boolean
  loadMore: () => void
  chosen: ReadonlySet<string>
  onChoose: (chosen: ReadonlySet<string>) => void
}

export const keyOf = (row: WorklistRow) => filmAnchor(row.job_id, row.item.index)

/** Height of `FilmRow`. */
const ROW_REM = 2.5
const PAGE_ROWS = 15
/** Rows before the end at which more are requested, so that scrolling does not wait. */
const LOAD_AHEAD = 40

/** One row per film; only visible rows are in the document. */
export function FilmTable(props: FilmTableProps) {
  const { rows, filter, hasMore, isLoadingMore, loadMore, chosen, onChoose } = props
  const { worklist: text } = useMessages()
  const scroller = useRef<HTMLDivElement>(null)
  const keys = useMemo(() => rows.map(keyOf), [rows])
  const rowPx = useRem(ROW_REM)
  useSteadyScroll(scroller, keys, rowPx)
  // The one film in the tab order, which stays in the document. By its key, not its index, because
  // rows come and go above it.
  const [current, setCurrent] = useState(anchoredFilm)
  const place = Math.max(0, current === null ? 0 : keys.indexOf(current))
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: 10,
    scrollPaddingEnd: rowPx,
    rangeExtractor: (range) => {
      const shown = defaultRangeExtractor(range)
      return shown.includes(place) ? shown : [...shown, place].sort((a, b) => a - b)
    },
  })
  const isResized = virtualizer.getTotalSize() !== rows.length * rowPx
  useEffect(() => {
    if (isResized) virtualizer.measure()
  }, [virtualizer, isResized])
  const shown = virtualizer.getVirtualItems()

  const last = virtualizer.range?.endIndex ?? 0
  const isNearEnd = last >= rows.length - LOAD_AHEAD
  useEffect(() => {
    if (isNearEnd && hasMore && !isLoadingMore) loadMore()
  }, [isNearEnd, hasMore, isLoadingMore, loadMore])

  const moveTo = (row: number) => {
    const next = Math.min(rows.length - 1, Math.max(0, row))
    setCurrent(keys[next] ?? null)
    virtualizer.scrollToIndex(next)
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-row="${next}"] a`)?.focus(),
    )
  }
  // Back from a film, the list is scrolled to it.
  const isReturning = useRef(current !== null && keys.includes(current))
  useEffect(() => {
    if (!isReturning.current) return
    isReturning.current = false
    moveTo(place)
  })
  const toggle = (key: string) => {
    const next = new Set(chosen)
    if (!next.delete(key)) next.add(key)
    onChoose(next)
  }

  const onKeyDown = (event: KeyboardEvent) => {
    const here = keys[place]
    if (event.key === ' ' && here !== undefined) {
      event.preventDefault()
      toggle(here)
      return
    }
    const step: Record<string, number> = {
      ArrowDown: place + 1,
      ArrowUp: place - 1,
      PageDown: place + PAGE_ROWS,
      PageUp: place - PAGE_ROWS,
      Home: 0,
      End: rows.length - 1,
    }
    const target = step[event.key]
    if (target === undefined || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    moveTo(target)
  }

  const latest = useRef({ toggle, onKeyDown })
  useEffect(() => {
    latest.current = { toggle, onKeyDown }
  })
  const actions = useMemo<RowActions>(
    () => ({
      choose: (row) => latest.current.toggle(keyOf(row)),
      focus: (row) => setCurrent(keyOf(row)),
      keyDown: (event) => latest.current.onKeyDown(event),
    }),
    [],
  )

  const columns = text.columns
  return (
    <div
      ref={scroller}
      role="table"
      aria-label={text.title}
      aria-rowcount={hasMore ? -1 : rows.length + 1}
      className="min-h-0 flex-1 overflow-y-auto border-t border-line"
    >
      <div role="rowgroup" className="sticky top-0 z-10 border-b border-line bg-ground">
        <div role="row" aria-rowindex={1} className={classes(COLUMNS, 'h-8 text-xs text-muted')}>
          <span role="columnheader">
            <Checkbox
              label={text.selection.all}
              checked={rows.every((row) => chosen.has(keyOf(row)))}
              onChange={() => onChoose(new Set(chosen.size === keys.length ? [] : keys))}
            />
          </span>
          <span role="columnheader" className={FROM_MD}>
            {columns.result}
          </span>
          <span role="columnheader" className={FROM_MD}>
            {columns.probability}
          </span>
          <span role="columnheader">{columns.film}</span>
          <span role="columnheader" className={FROM_XL}>
            {columns.reference}
          </span>
          <span role="columnheader" className={FROM_LG}>
            {columns.view}
          </span>
          <span role="columnheader" className={FROM_LG}>
            {columns.patient}
          </span>
          <span role="columnheader" className={FROM_LG}>
            {columns.priority}
          </span>
          <span role="columnheader" className={classes(FROM_LG, 'text-right')}>
            {columns.wait}
          </span>
          <span role="columnheader" className={classes(FROM_MD, 'text-right')}>
            {columns.received}
          </span>
          <span role="columnheader" className="md:hidden">
            {columns.probability}
          </span>
        </div>
      </div>
      <div role="rowgroup" className="relative" style={{ height: virtualizer.getTotalSize() }}>
        {shown.map(({ index, start }) => {
          const row = rows[index]
          return (
            row && (
              <FilmRow
                key={keyOf(row)}
                row={row}
                filter={filter}
                index={index}
                top={start}
                isCurrent={index === place}
                isChosen={chosen.has(keyOf(row))}
                actions={actions}
              />
            )
          )
        })}
      </div>
      {isLoadingMore && (
        <p role="status" className="py-3 text-center text-muted">
          {text.more}
        </p>
      )}
    </div>
  )
}
