import { useSyncExternalStore } from 'react'

/**
 * What the worklist is searched for. Names of patients are searched for, so it is kept nowhere but
 * in this page's memory: not in the address, not in the browser's storage.
 */
let current = ''
const listeners = new Set<() => void>()

export function setSearchText(text: string): void {
  current = text
  listeners.forEach((listener) => listener())
}

export const useSearchText = () => useSyncExternalStore(subscribe, () => current)

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => {
    listeners.delete(listener)
  }
}
