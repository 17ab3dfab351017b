import { useSyncExternalStore } from 'react'

/**
 * Search text of the worklist. It may be a patient's name, so it is kept in this page's memory
 * only: not in the address, not in the browser's storage.
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
