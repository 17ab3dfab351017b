import { FilterX, Inbox, LoaderCircle } from 'lucide-react'
import { useMemo, useState, type ReactNode } from 'react'
import { useSearchParams } from 'wouter'

import { useWorklist, type WorklistFilter } from '@/shared/api/worklist'
import { useMessages } from '@/shared/i18n/language'
import { readFilter, worklistPath } from '@/shared/lib/paths'
import { setSearchText, useSearchText } from '@/shared/lib/search-text'
import { useSettled } from '@/shared/lib/use-settled'
import { Button } from '@/shared/ui/button'
import { Disclaimer } from '@/shared/ui/disclaimer'
import { Failure } from '@/shared/ui/failure'
import { Notice } from '@/shared/ui/notice'

import { OrderChoices, ShownFilter } from './filters'
import { FilmTable, keyOf } from './film-table'
import { SearchField } from './search-field'
import { SelectionBar } from './selection-bar'

interface WorklistPageProps {
  /** Button that chooses films to submit. */
  submitAction: ReactNode
}

/** A search starts after this pause in typing. */
const TYPING_PAUSE_MS = 250

/** The worklist: all films, newest or most suspicious first. */
export function WorklistPage({ submitAction }: WorklistPageProps) {
  const { worklist: text } = useMessages()
  const [params, setParams] = useSearchParams()
  // Stable while the address is the same, because rows compare it.
  const filter = useMemo(() => readFilter(params), [params])
  const searchText = useSettled(useSearchText().trim(), TYPING_PAUSE_MS)
  const list = useWorklist(filter, searchText)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const chosenRows = list.data?.filter((row) => chosen.has(keyOf(row))) ?? []
  const setFilter = (next: WorklistFilter) =>
    setParams(new URLSearchParams(worklistPath(next).split('?')[1] ?? ''), { replace: true })

  return (
    <main id="content" tabIndex={-1} className="flex min-h-0 flex-1 flex-col outline-none">
      <div className="flex flex-wrap items-center gap-x-6 gap-y-2 px-4 py-3">
        <h1 className="text-xl font-semibold">{text.title}</h1>
        <SearchField onDown={focusFirstRow} />
        <OrderChoices filter={filter} onChange={setFilter} />
        {/* Not on a phone: the submission page is one tap away, and space is scarce. */}
        {list.data && list.data.length > 0 && <div className="max-md:hidden">{submitAction}</div>}
        <ShownFilter filter={filter} onChange={setFilter} />
      </div>
      {content()}
      {chosenRows.length > 0 && (
        <SelectionBar rows={chosenRows} onClear={() => setChosen(new Set())} />
      )}
      <footer className="flex flex-wrap justify-between gap-x-6 border-t border-line px-4 py-2">
        <Disclaimer />
        {list.data && list.data.length > 0 && (
          <p className="text-xs leading-4 text-muted" role="status">
            {text.loaded(list.data.length, list.hasNextPage)}
            <span className="max-lg:hidden"> · {text.keys}</span>
          </p>
        )}
      </footer>
    </main>
  )

  function content() {
    if (list.data === undefined) {
      return (
        <div className="flex-1">
          {list.error ? (
            <Failure error={list.error} retry={() => void list.refetch()} />
          ) : (
            <Notice icon={LoaderCircle} title={text.loading} />
          )}
        </div>
      )
    }
    if (list.data.length > 0) {
      return (
        <FilmTable
          rows={list.data}
          filter={filter}
          hasMore={list.hasNextPage}
          isLoadingMore={list.isFetchingNextPage}
          loadMore={() => void list.fetchNextPage()}
          chosen={chosen}
          onChoose={setChosen}
        />
      )
    }
    const { sort, ...narrowed } = filter
    const showAll = () => {
      setSearchText('')
      setFilter(sort ? { sort } : {})
    }
    return (
      <div className="flex-1">
        {Object.keys(narrowed).length > 0 || searchText !== '' ? (
          <Notice icon={FilterX} title={text.noneMatch}>
            <p>{text.noneMatchHint}</p>
            <Button onClick={showAll}>{text.clear}</Button>
          </Notice>
        ) : (
          <Notice icon={Inbox} title={text.empty}>
            <p>{text.emptyHint}</p>
            {submitAction}
          </Notice>
        )}
      </div>
    )
  }
}

/** The row that is in the tab order. */
function focusFirstRow() {
  document.querySelector<HTMLElement>('[data-row] a[tabindex="0"]')?.focus()
}
