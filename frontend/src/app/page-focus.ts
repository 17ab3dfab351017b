import { useEffect, useRef } from 'react'
import { useLocation } from 'wouter'

/** A new page has the focus, so that the keyboard and a screen reader go on from its beginning. */
export function usePageFocus() {
  const [path] = useLocation()
  const before = useRef(path)
  useEffect(() => {
    if (before.current === path) return
    before.current = path
    // Not where the page has put it somewhere better, or the link that was followed is still there.
    const hasFocus = document.activeElement !== null && document.activeElement !== document.body
    if (!hasFocus) document.getElementById('content')?.focus({ preventScroll: true })
  }, [path])
}
