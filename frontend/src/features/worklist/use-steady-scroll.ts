import { useLayoutEffect, useRef, type RefObject } from 'react'

/**
 * Keep the visible rows in place when rows come or go above them.
 *
 * Not at the very top, where new rows should appear.
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
    // The first visible row may be the removed one.
    for (let index = first; index < old.length; index++) {
      const key = old[index]
      const now = key === undefined ? -1 : keys.indexOf(key)
      if (now === -1) continue
      element.scrollBy({ top: (now - index) * rowPx })
      return
    }
  }, [scroller, keys, rowPx])
}
