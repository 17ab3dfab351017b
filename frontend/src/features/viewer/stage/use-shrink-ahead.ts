import { useEffect } from 'react'

import { useGreyPicture } from '@/shared/api/grey-picture'
import type { Item } from '@/shared/api/wire'
import type { Size } from '@/shared/lib/use-size'

import { fitZoom } from './film-view'
import { shrunken } from './shrink'

/** Delay, so that the current film is drawn first. */
const PAUSE_MS = 100

/** Shrink a film's pictures to the frame's size ahead of use. */
export function useShrinkAhead(item: Item | undefined, frame: Size | null) {
  const film = useGreyPicture(item?.links.radiograph ?? null).data
  const map = useGreyPicture(item?.links.activation_map ?? null).data
  useEffect(() => {
    if (!film || !frame) return
    const timer = setTimeout(() => {
      const scale = fitZoom(film, frame, 0) * window.devicePixelRatio
      shrunken(film, scale)
      if (map) shrunken(map, (scale * film.width) / map.width)
    }, PAUSE_MS)
    return () => clearTimeout(timer)
  }, [film, map, frame])
}
