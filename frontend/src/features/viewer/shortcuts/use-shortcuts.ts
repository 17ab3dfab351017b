import { useEffect, useMemo, useRef } from 'react'

import { flag, usePreference } from '@/shared/lib/preference'

import { isSingle, keyLabel, keyOf } from './key-names'
import { actionsByKey, useKeys, type ShortcutName } from './shortcut-keys'

const SINGLE_KEYS = flag('shortcuts.singleKeys', true)
export const useSingleKeys = () => usePreference(SINGLE_KEYS)

/** Return the label of an action's key, if that key works at present. */
export function useShortcutLabel() {
  const [isOn] = useSingleKeys()
  const { keys } = useKeys()
  const byKey = useMemo(() => actionsByKey(keys), [keys])
  return (name: ShortcutName): string | undefined => {
    const key = keys[name].find((one) => byKey.get(one) === name && (isOn || !isSingle(one)))
    return key === undefined ? undefined : keyLabel(key)
  }
}

export function useShortcuts(actions: Partial<Record<ShortcutName, () => void>>) {
  const [isOn] = useSingleKeys()
  const { keys } = useKeys()
  const current = useRef(actions)
  useEffect(() => {
    current.current = actions
  })
  useEffect(() => {
    const byKey = actionsByKey(keys)
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isTyping(event) || document.querySelector('dialog[open]')) {
        return
      }
      const name = byKey.get(keyOf(event))
      const action = name && current.current[name]
      if (action === undefined || (isSingle(event.key) && !isOn)) return
      event.preventDefault()
      action()
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [isOn, keys])
}

/** True if the focused control handles the key itself. */
function isTyping({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.matches('input:not([type=range], [type=checkbox]), textarea, select')) return true
  if (target.matches('button, a, summary, input[type=checkbox]'))
    return key === ' ' || key === 'Enter'
  const isArrow = key.startsWith('Arrow') || key.startsWith('Page')
  return isArrow && target.closest('input, [role=slider], [role=group], [role=radiogroup]') !== null
}
