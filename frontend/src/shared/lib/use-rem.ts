import { useSyncExternalStore } from 'react'

/** Browsers' own, where nobody chose another. */
const INITIAL_REM_PX = 16

/** So many rem in pixels: more on a 4K monitor, and where larger text was chosen in the browser. */
export const useRem = (count: number) => count * useSyncExternalStore(follow, remPx)

function follow(onChange: () => void) {
  window.addEventListener('resize', onChange)
  return () => window.removeEventListener('resize', onChange)
}

const remPx = () =>
  parseFloat(getComputedStyle(document.documentElement).fontSize) || INITIAL_REM_PX
