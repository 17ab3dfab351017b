import { useEffect, useState } from 'react'

/** The browsers' default. */
const INITIAL_REM_PX = 16

/** Convert rem to pixels. A rem is larger on a 4K monitor, and if larger text was chosen. */
export function useRem(count: number): number {
  // Cached: reading it makes the browser compute styles, too slow while a film is dragged.
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
