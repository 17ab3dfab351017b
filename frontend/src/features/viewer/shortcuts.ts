import { useEffect, useRef } from 'react'

import { flag, usePreference } from '@/shared/lib/preference'

/** What can be done by key. Keys are those of the OHIF viewer where it has the same action. */
export const SHORTCUTS = {
  next: ['PageDown', 'ArrowDown'],
  previous: ['PageUp', 'ArrowUp'],
  back: ['Escape'],
  map: ['m'],
  contours: ['c'],
  opacityUp: [']'],
  opacityDown: ['['],
  region: ['g'],
  window: ['w'],
  pan: ['p'],
  zoom: ['z'],
  zoomIn: ['+'],
  zoomOut: ['-'],
  fit: ['='],
  reset: [' '],
  rotateRight: ['r'],
  rotateLeft: ['l'],
  flipHorizontal: ['h'],
  flipVertical: ['v'],
  invert: ['i'],
  preset1: ['1'],
  preset2: ['2'],
  preset3: ['3'],
  preset4: ['4'],
  brighter: ['Shift+ArrowUp'],
  darker: ['Shift+ArrowDown'],
  softer: ['Shift+ArrowRight'],
  harder: ['Shift+ArrowLeft'],
  panUp: ['Ctrl+ArrowUp'],
  panDown: ['Ctrl+ArrowDown'],
  panLeft: ['Ctrl+ArrowLeft'],
  panRight: ['Ctrl+ArrowRight'],
  sideBySide: ['s'],
  help: ['?'],
} satisfies Record<string, string[]>

export type ShortcutName = keyof typeof SHORTCUTS

const BY_KEY = new Map(
  Object.entries(SHORTCUTS).flatMap(([name, keys]) =>
    keys.map((key) => [key, name as ShortcutName] as const),
  ),
)

const SINGLE_KEYS = flag('shortcuts.singleKeys', true)
export const useSingleKeys = () => usePreference(SINGLE_KEYS)

/** A key as it stands on a keyboard. */
export function keyLabel(key: string): string {
  const names: Record<string, string> = {
    ' ': 'Space',
    PageDown: 'Page ↓',
    PageUp: 'Page ↑',
    Escape: 'Esc',
    ArrowUp: '↑',
    ArrowDown: '↓',
    ArrowLeft: '←',
    ArrowRight: '→',
  }
  // A plus that joins two keys stands between them; alone it is the key itself.
  return key
    .split(/(?<=.)\+(?=.)/)
    .map((part) => names[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join(' ')
}

/** The key shown beside a control, as long as it works. */
export function useShortcutLabel() {
  const [isOn] = useSingleKeys()
  return (name: ShortcutName): string | undefined => {
    const key = SHORTCUTS[name][0]
    return key !== undefined && (isOn || !isSingle(key)) ? keyLabel(key) : undefined
  }
}

export function useShortcuts(actions: Partial<Record<ShortcutName, () => void>>) {
  const [isOn] = useSingleKeys()
  const current = useRef(actions)
  useEffect(() => {
    current.current = actions
  })
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isTyping(event) || document.querySelector('dialog[open]')) {
        return
      }
      const name = BY_KEY.get(keyOf(event))
      const action = name && current.current[name]
      if (action === undefined || (isSingle(event.key) && !isOn)) return
      event.preventDefault()
      action()
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [isOn])
}

/** Keys that type a character: people who speak to their computer must be able to do without. */
const isSingle = (key: string) => key.length === 1

function keyOf(event: KeyboardEvent): string {
  const isArrow = event.key.startsWith('Arrow')
  const isCharacter = event.key.length === 1
  // AltGr is how some keyboards write a bracket, and reads as Ctrl and Alt.
  if (event.getModifierState('AltGraph') && isCharacter) return event.key
  if (event.altKey || event.metaKey || (event.ctrlKey && !isArrow)) return ''
  if (isCharacter) return event.key.toLowerCase()
  return `${event.ctrlKey ? 'Ctrl+' : ''}${event.shiftKey ? 'Shift+' : ''}${event.key}`
}

/** Whether the key belongs to the control that has the focus. */
function isTyping({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.matches('input:not([type=range], [type=checkbox]), textarea, select')) return true
  if (target.matches('button, a, summary, input[type=checkbox]'))
    return key === ' ' || key === 'Enter'
  const isArrow = key.startsWith('Arrow') || key.startsWith('Page')
  return isArrow && target.closest('input, [role=slider], [role=group], [role=radiogroup]') !== null
}
