import { createContext, use, useMemo, useRef, type ChangeEvent, type ReactNode } from 'react'

import { useMessages } from '@/shared/i18n/language'

import { isClutter } from './files/clutter'
import { useUploads } from './uploads'

interface FilePicker {
  pickFiles: () => void
  pickFolder: () => void
}

/** Every browser has this attribute; React's types do not. */
const FOLDER = { webkitdirectory: '' }

const Context = createContext<FilePicker | null>(null)

/** Two hidden file inputs that any button of the page can open. */
export function FilePickerProvider({ children }: { children: ReactNode }) {
  const { submit: text } = useMessages()
  const { submit } = useUploads()
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  const picker = useMemo(
    () => ({
      pickFiles: () => files.current?.click(),
      pickFolder: () => folder.current?.click(),
    }),
    [],
  )
  const take = ({ currentTarget: input }: ChangeEvent<HTMLInputElement>) => {
    submit([...(input.files ?? [])].filter((file) => !isClutter(file.name)))
    // Otherwise the same file could not be chosen again.
    input.value = ''
  }
  return (
    <Context value={picker}>
      {children}
      {/* Hidden: the buttons that open them have the same names and the keyboard. */}
      <div className="sr-only" aria-hidden>
        <input
          ref={files}
          type="file"
          multiple
          aria-label={text.choose}
          tabIndex={-1}
          onChange={take}
        />
        <input
          ref={folder}
          type="file"
          multiple
          {...FOLDER}
          aria-label={text.chooseFolder}
          tabIndex={-1}
          onChange={take}
        />
      </div>
    </Context>
  )
}

export function useFilePicker(): FilePicker {
  const picker = use(Context)
  if (picker === null) throw new Error('useFilePicker outside FilePickerProvider')
  return picker
}
