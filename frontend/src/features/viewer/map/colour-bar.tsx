import { useMessages } from '@/shared/i18n/language'
import { useMemo } from 'react'

import { COLOUR_SCALES } from './colour-scales'
import { CONTOURS_DRAWN, type MapSettings } from './map-settings'
import { coverage } from './map-lut'
import { useMapThreshold } from './map-threshold'

const TICKS = [0, 0.25, 0.5, 0.75, 1]
const STEPS = 128

/** Legend of the map's colours, on the absolute scale from 0 to 1, as they look over black. */
export function ColourBar({ settings }: { settings: MapSettings }) {
  const { map } = useMessages().viewer
  const { scale, floor, hasContours } = settings
  const threshold = useMapThreshold()
  const bars = useMemo(
    () =>
      Array.from({ length: STEPS }, (_, step) => {
        const activation = step / (STEPS - 1)
        const [red, green, blue] = COLOUR_SCALES[scale][Math.round(activation * 255)] ?? [0, 0, 0]
        return `rgb(${red} ${green} ${blue} / ${coverage(activation, floor)})`
      }),
    [scale, floor],
  )
  return (
    <figure aria-label={map.units} className="film-text flex items-stretch gap-1.5 text-xs">
      {threshold !== null && (
        <div className="relative max-sm:hidden">
          <span
            className="absolute right-0 flex translate-y-1/2 items-center gap-1 leading-none whitespace-nowrap"
            style={{ bottom: `${threshold * 100}%` }}
          >
            {map.regionsFrom(threshold.toFixed(2))}
            <span className="h-px w-2 bg-white" />
          </span>
        </div>
      )}
      <svg
        viewBox={`0 0 1 ${STEPS}`}
        preserveAspectRatio="none"
        shapeRendering="crispEdges"
        className="h-28 w-3 border border-edge bg-black sm:h-48"
        aria-hidden
      >
        {bars.map((fill, step) => (
          <rect key={step} x={0} y={STEPS - 1 - step} width={1} height={1.02} fill={fill} />
        ))}
        {hasContours &&
          CONTOURS_DRAWN.map(({ level, px }) => (
            <path
              key={level}
              d={`M0 ${(1 - level) * STEPS}h1`}
              stroke="#fff"
              strokeWidth={px}
              vectorEffect="non-scaling-stroke"
            />
          ))}
      </svg>
      <div className="relative w-7">
        {TICKS.map((tick) => (
          <span
            key={tick}
            className="absolute flex translate-y-1/2 items-center leading-none"
            style={{ bottom: `${tick * 100}%` }}
          >
            {tick.toFixed(2)}
          </span>
        ))}
      </div>
    </figure>
  )
}
