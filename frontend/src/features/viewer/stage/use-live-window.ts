import { useEffect, useRef, useState, type Dispatch } from 'react'

import { reduceView, type FilmView, type GreyWindow, type ViewAction } from './film-view'

interface LiveWindow {
  view: FilmView
  /** Called with the change of width and level by the pointer, in grey values. */
  adjust: (width: number, level: number) => void
  /** Called when the pointer is released. */
  release: () => void
}

/** Longest delay of the rest of the page behind a drag. */
const PACE_MS = 100

/**
 * Track the window while it is dragged. The film follows every movement; the rest of the page, which
 * takes longer to draw, follows at most ten times a second and at the end.
 */
export function useLiveWindow(
  film: string,
  view: FilmView,
  dispatch: Dispatch<ViewAction>,
): LiveWindow {
  const [shown, setShown] = useState<GreyWindow | null>(null)
  const dragged = useRef<GreyWindow | null>(null)
  const timer = useRef<number>(undefined)

  const stop = () => {
    window.clearTimeout(timer.current)
    timer.current = undefined
  }
  const tell = () => {
    stop()
    if (dragged.current) dispatch({ type: 'setWindow', window: dragged.current })
  }

  // A drag does not continue into the next film.
  useEffect(
    () => () => {
      stop()
      dragged.current = null
      setShown(null)
    },
    [film],
  )

  return {
    view: shown ? { ...view, window: shown } : view,
    adjust: (width, level) => {
      const before = { ...view, window: dragged.current ?? view.window }
      dragged.current = reduceView(before, { type: 'adjustWindow', width, level }).window
      setShown(dragged.current)
      timer.current ??= window.setTimeout(tell, PACE_MS)
    },
    release: () => {
      tell()
      dragged.current = null
      setShown(null)
    },
  }
}
