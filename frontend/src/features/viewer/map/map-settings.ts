import { flag, fraction, oneOf, usePreference } from '@/shared/lib/preference'

import { SCALE_NAMES } from './colour-scales'

const SHOWN = flag('map.shown', true)
const OPACITY = fraction('map.opacity', 0.45)
const FLOOR = fraction('map.floor', 0.2)
const SCALE = oneOf('map.scale', SCALE_NAMES, 'magma')
const CONTOURS = flag('map.contours', false)
const BOXES = flag('map.boxes', true)

/** How this person likes the activation map; the same from film to film. */
export function useMapSettings() {
  const [isShown, setShown] = usePreference(SHOWN)
  const [opacity, setOpacity] = usePreference(OPACITY)
  const [floor, setFloor] = usePreference(FLOOR)
  const [scale, setScale] = usePreference(SCALE)
  const [hasContours, setContours] = usePreference(CONTOURS)
  const [hasBoxes, setBoxes] = usePreference(BOXES)
  return {
    isShown,
    setShown,
    opacity,
    setOpacity,
    floor,
    setFloor,
    scale,
    setScale,
    hasContours,
    setContours,
    hasBoxes,
    setBoxes,
  }
}

export type MapSettings = ReturnType<typeof useMapSettings>

/** How a map is drawn, wherever that is. */
export type MapLook = Pick<MapSettings, 'opacity' | 'floor' | 'scale' | 'hasContours' | 'hasBoxes'>

/** The activations at which contours are drawn: the higher, the thicker. */
export const CONTOURS_DRAWN = [
  { level: 0.25, px: 1 },
  { level: 0.5, px: 1.75 },
  { level: 0.75, px: 3 },
] as const
