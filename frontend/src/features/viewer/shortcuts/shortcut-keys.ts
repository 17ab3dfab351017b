import { useMemo } from 'react'

import { usePreference, type Preference } from '@/shared/lib/preference'

/**
 * Default keys of each action, in the order of the list. They are those of the OHIF viewer if it has
 * the same action.
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

/** Keys of each action; empty if its key was removed. */
export type Keys = Readonly<Record<ShortcutName, readonly string[]>>

/** Changed keys only, so that new actions come with their defaults. */
type OwnKeys = Partial<Record<ShortcutName, readonly string[]>>

const OWN_KEYS: Preference<OwnKeys> = { key: 'shortcuts.keys', fallback: {}, parse: parseOwnKeys }

/** The keys of this browser, and how to change them. */
export function useKeys() {
  const [own, setOwn] = usePreference(OWN_KEYS)
  const keys = useMemo<Keys>(() => ({ ...DEFAULT_KEYS, ...own }), [own])
  return {
    keys,
    isChanged: (name: ShortcutName) => own[name] !== undefined,
    isAnyChanged: Object.keys(own).length > 0,
    /** Assign one key to an action, or none. */
    assign: (name: ShortcutName, key: string | null) =>
      setOwn({ ...own, [name]: key === null ? [] : [key] }),
    reset: (name: ShortcutName) =>
      setOwn(Object.fromEntries(Object.entries(own).filter(([other]) => other !== name))),
    resetAll: () => setOwn({}),
  }
}

/** Map each key to its action; of two actions with the same key, to the first in the list. */
export function actionsByKey(keys: Keys): ReadonlyMap<string, ShortcutName> {
  const byKey = new Map<string, ShortcutName>()
  for (const name of SHORTCUT_NAMES) {
    for (const key of keys[name]) if (!byKey.has(key)) byKey.set(key, name)
  }
  return byKey
}

/** Other actions with the same key. */
export const conflictsOf = (name: ShortcutName, keys: Keys): ShortcutName[] =>
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
