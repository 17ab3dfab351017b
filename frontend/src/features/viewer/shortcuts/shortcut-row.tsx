import { CircleSlash, RotateCcw, TriangleAlert } from 'lucide-react'
import { useState, type KeyboardEvent } from 'react'

import { useMessages } from '@/shared/i18n/language'
import { Button, IconButton } from '@/shared/ui/button'
import { Key } from '@/shared/ui/hint'

import { isAssignable, keyLabel, keyOf } from './key-names'

interface ShortcutRowProps {
  label: string
  keys: readonly string[]
  /** Labels of other actions with one of these keys. */
  conflicts: readonly string[]
  isEditing: boolean
  isChanged: boolean
  /** Announce a text to screen readers. */
  onAnnounce: (text: string) => void
  onAssign: (key: string | null) => void
  onReset: () => void
}

/** An action with its keys, and the controls to change them. */
export function ShortcutRow(props: ShortcutRowProps) {
  const { label, keys, conflicts, isEditing } = props
  const text = useMessages().viewer.shortcuts
  return (
    <li className="py-0.5">
      <div className="flex min-h-7 items-center justify-between gap-4">
        <span className="text-muted">{label}</span>
        {isEditing ? <KeyEditor {...props} /> : <KeyList keys={keys} />}
      </div>
      {conflicts.length > 0 && (
        <p className="flex items-center gap-2 text-xs leading-4">
          <TriangleAlert aria-hidden size="0.875rem" className="shrink-0" />
          {text.conflict(conflicts.join(', '))}
        </p>
      )}
    </li>
  )
}

function KeyList({ keys }: { keys: readonly string[] }) {
  const text = useMessages().viewer.shortcuts
  if (keys.length === 0) return <span className="text-muted">{text.noKey}</span>
  return (
    <span className="flex shrink-0 gap-1">
      {keys.map((key) => (
        <Key key={key}>{keyLabel(key)}</Key>
      ))}
    </span>
  )
}

function KeyEditor({ label, keys, isChanged, onAnnounce, onAssign, onReset }: ShortcutRowProps) {
  const text = useMessages().viewer.shortcuts
  const [isListening, setListening] = useState(false)
  const [isRefused, setRefused] = useState(false)

  const onKeyDown = (event: KeyboardEvent) => {
    if (!isListening || event.key === 'Tab') return
    // No other handler may act on the key: Escape would close the dialog.
    event.preventDefault()
    event.stopPropagation()
    if (event.key === 'Escape') {
      setListening(false)
      return
    }
    const key = keyOf(event.nativeEvent)
    const isModifier = ['Shift', 'Control', 'Alt', 'AltGraph', 'Meta'].includes(event.key)
    if (isModifier) return
    setRefused(!isAssignable(key))
    onAnnounce(isAssignable(key) ? `${label}: ${keyLabel(key)}` : text.notThis)
    if (!isAssignable(key)) return
    setListening(false)
    onAssign(key)
  }

  return (
    <span className="flex shrink-0 items-center gap-1">
      <Button
        className="h-7! min-w-16 px-2!"
        aria-pressed={isListening}
        onClick={() => {
          setRefused(false)
          setListening(!isListening)
          onAnnounce(isListening ? '' : text.press)
        }}
        onKeyDown={onKeyDown}
        onBlur={() => setListening(false)}
      >
        <span className="sr-only">{text.change(label)}: </span>
        {isListening ? isRefused ? text.notThis : text.press : <KeyList keys={keys} />}
      </Button>
      <IconButton
        label={text.removeKey(label)}
        icon={CircleSlash}
        className="size-7!"
        disabled={keys.length === 0}
        onClick={() => onAssign(null)}
      />
      <IconButton
        label={text.resetKey(label)}
        icon={RotateCcw}
        className="size-7!"
        disabled={!isChanged}
        onClick={onReset}
      />
    </span>
  )
}
