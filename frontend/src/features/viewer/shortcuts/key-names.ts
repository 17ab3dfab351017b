/** True for keys that type a character. Users of speech input can switch them off (WCAG 2.1.4). */
export const isSingle = (key: string) => key.length === 1

/** Keys that move the focus, activate a control or modify another key. */
const RESERVED = ['Tab', 'Enter', 'Escape', 'Shift', 'Control', 'Alt', 'AltGraph', 'Meta']

/** True if a key can be assigned to an action. */
export const isAssignable = (key: string) => key !== '' && !RESERVED.some((r) => key.endsWith(r))

/** Return the name of the pressed key; empty if it belongs to the browser or the system. */
export function keyOf(event: KeyboardEvent): string {
  const isArrow = event.key.startsWith('Arrow')
  const isCharacter = event.key.length === 1
  // Some keyboards need AltGr for a bracket; browsers report it as Ctrl and Alt.
  if (event.getModifierState('AltGraph') && isCharacter) return event.key
  if (event.altKey || event.metaKey || (event.ctrlKey && !isArrow)) return ''
  if (isCharacter) return event.key.toLowerCase()
  return `${event.ctrlKey ? 'Ctrl+' : ''}${event.shiftKey ? 'Shift+' : ''}${event.key}`
}

const NAMES: Record<string, string> = {
  ' ': 'Space',
  PageDown: 'Page ↓',
  PageUp: 'Page ↑',
  Escape: 'Esc',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
}

/** Return the label of a key, as printed on a keyboard. */
export function keyLabel(key: string): string {
  // A plus between two keys joins them; alone it is a key.
  return key
    .split(/(?<=.)\+(?=.)/)
    .map((part) => NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join(' ')
}
