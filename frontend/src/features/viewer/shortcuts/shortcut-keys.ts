import { useMemo } from 'react'

import { usePreference, type Preference } from '@/shared/lib/preference'

/**
 * What can be done by key, in the order in which it is listed. Keys are those of the OHIF viewer
 * where it has the same action.
 */
export const DEFAULT_KEYS = {
  next: ['PageDown', 'ArrowDown'],
  previous: ['PageUp', 'ArrowUp'],
  back: ['Escape'],
  agree: ['a'],
  disagree: ['d'],
  help: ['?'],
  map: ['m'],
  sideBySide: ['s'],
  contours: ['c'],
  opacityUp: [']'],
  opacityDown: ['['],
  region: ['g'],
  pan: ['p'],
  zoom: ['z'],
  zoomIn: ['+'],
  zoomOut: ['-'],
  fit: ['='],
  rotateLeft: ['l'],
  rotateRight: ['r'],
  flipHorizontal: ['h'],
  flipVertical: ['v'],
  reset: [' '],
  panUp: ['Ctrl+ArrowUp'],
  panDown: ['Ctrl+ArrowDown'],
  panLeft: ['Ctrl+ArrowLeft'],
  panRight: ['Ctrl+ArrowRight'],
  window: ['w'],
  invert: ['i'],
  preset1: ['1'],
  preset2: ['2'],
  preset3: ['3'],
  preset4: ['4'],
  brighter: ['Shift+ArrowUp'],
  darker: ['Shift+ArrowDown'],
  softer: ['Shift+ArrowRight'],
  harder: ['Shift+ArrowLeft'],
} satisfies Record<string, string[]>

export type ShortcutName = keyof typeof DEFAULT_KEYS
export const SHORTCUT_NAMES = Object.keys(DEFAULT_KEYS) as ShortcutName[]

/** The keys of each action; none where it was taken from it. */
export type Keys = Readonly<Record<ShortcutName, readonly string[]>>

/** Only what differs from the defaults is kept, so that new actions come with theirs. */
type OwnKeys = Partial<Record<ShortcutName, readonly string[]>>

const OWN_KEYS: Preference<OwnKeys> = { key: 'shortcuts.keys', fallback: {}, parse: parseOwnKeys }

/** The keys of this person, and how to change them. */
export function useKeys() {
  const [own, setOwn] = usePreference(OWN_KEYS)
  const keys = useMemo<Keys>(() => ({ ...DEFAULT_KEYS, ...own }), [own])
  return {
    keys,
    isChanged: (name: ShortcutName) => own[name] !== undefined,
    isAnyChanged: Object.keys(own).length > 0,
    /** Gives an action one key, or none. */
    assign: (name: ShortcutName, key: string | null) =>
      setOwn({ ...own, [name]: key === null ? [] : [key] }),
    reset: (name: ShortcutName) =>
      setOwn(Object.fromEntries(Object.entries(own).filter(([other]) => other !== name))),
    resetAll: () => setOwn({}),
  }
}

/** The action of each key; where two want the same, the one that stands first in the list. */
export function actionsByKey(keys: Keys): ReadonlyMap<string, ShortcutName> {
  const byKey = new Map<string, ShortcutName>()
  for (const name of SHORTCUT_NAMES) {
    for (const key of keys[name]) if (!byKey.has(key)) byKey.set(key, name)
  }
  return byKey
}

/** The actions that want a key of this one as well. */
export const rivalsOf = (name: ShortcutName, keys: Keys): ShortcutName[] =>
  SHORTCUT_NAMES.filter(
    (other) => other !== name && keys[other].some((key) => keys[name].includes(key)),
  )

const MOST_KEYS = 4

function parseOwnKeys(stored: unknown): OwnKeys | undefined {
  if (typeof stored !== 'object' || stored === null) return undefined
  const isKeys = (value: unknown): value is string[] =>
    Array.isArray(value) &&
    value.length <= MOST_KEYS &&
    value.every((key) => typeof key === 'string' && key !== '')
  return Object.fromEntries(
    Object.entries(stored).filter(
      ([name, value]) => SHORTCUT_NAMES.some((known) => known === name) && isKeys(value),
    ),
  )
}
