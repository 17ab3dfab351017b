/** Keys that type a character: people who speak to their computer must be able to do without. */
export const isSingle = (key: string) => key.length === 1

/** What they do in every page: move the focus, press what has it, or change what others type. */
const RESERVED = ['Tab', 'Enter', 'Escape', 'Shift', 'Control', 'Alt', 'AltGraph', 'Meta']

/** Whether a key can be given to an action. */
export const isAssignable = (key: string) => key !== '' && !RESERVED.some((r) => key.endsWith(r))

/** The name of what was pressed; empty where it is the browser's or the system's own. */
export function keyOf(event: KeyboardEvent): string {
  const isArrow = event.key.startsWith('Arrow')
  const isCharacter = event.key.length === 1
  // AltGr is how some keyboards write a bracket, and reads as Ctrl and Alt.
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

/** A key as it stands on a keyboard. */
export function keyLabel(key: string): string {
  // A plus that joins two keys stands between them; alone it is the key itself.
  return key
    .split(/(?<=.)\+(?=.)/)
    .map((part) => NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join(' ')
}
