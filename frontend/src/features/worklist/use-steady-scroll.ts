import { useLayoutEffect, useRef, type RefObject } from 'react'

/**
 * Keeps what is in sight in its place when rows come or go above it.
 *
 * At the very top nothing is held: there, what is new is what one wants to see.
 */
export function useSteadyScroll(
  scroller: RefObject<HTMLElement | null>,
  keys: readonly string[],
  rowPx: number,
) {
  const before = useRef(keys)
  useLayoutEffect(() => {
    const element = scroller.current
    const old = before.current
    before.current = keys
    if (element === null || old === keys || element.scrollTop === 0) return
    const first = Math.floor(element.scrollTop / rowPx)
    // The first row in sight may be the one that went.
    for (let index = first; index < old.length; index++) {
      const key = old[index]
      const now = key === undefined ? -1 : keys.indexOf(key)
      if (now === -1) continue
      element.scrollBy({ top: (now - index) * rowPx })
      return
    }
  }, [scroller, keys, rowPx])
}
