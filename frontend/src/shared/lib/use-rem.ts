import { useEffect, useState } from 'react'

/** Browsers' own, where nobody chose another. */
const INITIAL_REM_PX = 16

/** So many rem in pixels: more on a 4K monitor, and where larger text was chosen in the browser. */
export function useRem(count: number): number {
  // Kept, because reading it makes the browser compute styles, and films are drawn while dragged.
  const [px, setPx] = useState(remPx)
  useEffect(() => {
    const onResize = () => setPx(remPx())
    window.addEventListener('resize', onResize)
    return () => window.removeEventListener('resize', onResize)
  }, [])
  return count * px
}

const remPx = () =>
  parseFloat(getComputedStyle(document.documentElement).fontSize) || INITIAL_REM_PX
