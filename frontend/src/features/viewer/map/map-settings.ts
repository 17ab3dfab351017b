import { flag, fraction, oneOf, usePreference } from '@/shared/lib/preference'

import { SCALE_NAMES } from './colour-scales'

const SHOWN = flag('map.shown', true)
const OPACITY = fraction('map.opacity', 0.45)
const FLOOR = fraction('map.floor', 0.2)
const SCALE = oneOf('map.scale', SCALE_NAMES, 'magma')
const CONTOURS = flag('map.contours', false)
const BOXES = flag('map.boxes', true)
const LUNGS = flag('map.lungs', false)

/** Settings of the activation map, kept in this browser. */
export function useMapSettings() {
  const [isShown, setShown] = usePreference(SHOWN)
  const [opacity, setOpacity] = usePreference(OPACITY)
  const [floor, setFloor] = usePreference(FLOOR)
  const [scale, setScale] = usePreference(SCALE)
  const [hasContours, setContours] = usePreference(CONTOURS)
  const [hasBoxes, setBoxes] = usePreference(BOXES)
  const [hasLungs, setLungs] = usePreference(LUNGS)
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
    hasLungs,
    setLungs,
  }
}

export type MapSettings = ReturnType<typeof useMapSettings>

/** The settings that the viewer and the report share. */
export type MapLook = Pick<MapSettings, 'opacity' | 'floor' | 'scale' | 'hasContours' | 'hasBoxes'>

/** Activations at which contours are drawn, with line widths in pixels. */
export const CONTOURS_DRAWN = [
  { level: 0.25, px: 1 },
  { level: 0.5, px: 1.75 },
  { level: 0.75, px: 3 },
] as const
