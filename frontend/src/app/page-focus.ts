import { useEffect, useRef } from 'react'
import { useLocation } from 'wouter'

/** Focus each new page, so that the keyboard and a screen reader go on from its beginning. */
export function usePageFocus() {
  const [path] = useLocation()
  const before = useRef(path)
  useEffect(() => {
    if (before.current === path) return
    before.current = path
    // Skipped if the page has set the focus itself, or the followed link still has it.
    const hasFocus = document.activeElement !== null && document.activeElement !== document.body
    if (!hasFocus) document.getElementById('content')?.focus({ preventScroll: true })
  }, [path])
}
