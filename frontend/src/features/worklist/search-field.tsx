import { Search, X } from 'lucide-react'
import { useRef, type KeyboardEvent } from 'react'

import { useMessages } from '@/shared/i18n/language'
import { setSearchText, useSearchText } from '@/shared/lib/search-text'
import { IconButton } from '@/shared/ui/button'

/** The service's limit. */
const MAX_CHARACTERS = 200

interface SearchFieldProps {
  /** Move to the results. */
  onDown: () => void
}

/** Search by file name or reference. The text is sent to the service and stored nowhere. */
export function SearchField({ onDown }: SearchFieldProps) {
  const { worklist: text } = useMessages()
  const searched = useSearchText()
  const field = useRef<HTMLInputElement>(null)

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') setSearchText('')
    if (event.key !== 'ArrowDown') return
    event.preventDefault()
    onDown()
  }

  return (
    <div role="search" className="relative flex min-w-48 flex-1 items-center md:max-w-72">
      <Search aria-hidden size="1rem" className="pointer-events-none absolute left-2 text-muted" />
      <input
        ref={field}
        // Not of type "search": its clear button has no name and is too small a target.
        type="text"
        inputMode="search"
        enterKeyHint="search"
        aria-label={text.search}
        placeholder={text.search}
        value={searched}
        maxLength={MAX_CHARACTERS}
        // The browser must keep no list of searched names.
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setSearchText(event.target.value)}
        onKeyDown={onKeyDown}
        className="h-8 w-full rounded-sm border border-edge bg-panel px-8 placeholder:text-muted"
      />
      {searched !== '' && (
        <IconButton
          label={text.clearSearch}
          icon={X}
          className="absolute right-0"
          onClick={() => {
            setSearchText('')
            field.current?.focus()
          }}
        />
      )}
    </div>
  )
}
