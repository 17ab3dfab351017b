import { useMemo } from 'react'

import { useRem } from '@/shared/lib/use-rem'

import { contourPath } from '../map/contours'
import { svgTransform, type FilmView } from './film-view'
import { CONTOURS_DRAWN } from '../map/map-settings'
import { LUNG_COLOUR, REGION_COLOUR } from '../map/region-colour'
import type { StageProps } from './stage'

/** Contours, lung outlines and region boxes, with the same line width at any zoom. */
export function Marks(props: StageProps) {
  const { film, map, regions, lungs, active, onActivate, zoom, view, settings, size } = props
  const contours = useMemo(
    () =>
      map && settings.hasContours
        ? CONTOURS_DRAWN.map(({ level, px }) => ({ level, px, path: contourPath(map, level) }))
        : [],
    [map, settings.hasContours],
  )
  return (
    <svg className="pointer-events-none absolute inset-0 size-full" aria-hidden>
      <g transform={svgTransform(view, zoom, film, size)}>
        {map &&
          contours.map(({ level, px, path }) => (
            <g
              key={level}
              transform={`scale(${film.width / map.width} ${film.height / map.height})`}
              fill="none"
              strokeLinecap="round"
            >
              <path
                d={path}
                stroke="#000"
                strokeWidth={px + 1.5}
                vectorEffect="non-scaling-stroke"
              />
              <path d={path} stroke="#fff" strokeWidth={px} vectorEffect="non-scaling-stroke" />
            </g>
          ))}
        {settings.hasLungs &&
          [lungs?.right, lungs?.left].map(
            (lung, index) =>
              lung && (
                <polygon
                  key={index}
                  points={lung.outline
                    .map(({ x, y }) => `${x * film.width},${y * film.height}`)
                    .join(' ')}
                  fill="none"
                  stroke={LUNG_COLOUR}
                  strokeWidth={1.5}
                  strokeDasharray="6 4"
                  strokeLinejoin="round"
                  vectorEffect="non-scaling-stroke"
                />
              ),
          )}
        {settings.hasBoxes &&
          regions.map((region, index) => {
            const box = {
              x: region.x * film.width,
              y: region.y * film.height,
              width: region.width * film.width,
              height: region.height * film.height,
            }
            const isActive = active === index
            return (
              <g key={index}>
                <rect
                  {...box}
                  fill="none"
                  stroke="#000"
                  strokeWidth={isActive ? 4 : 3}
                  vectorEffect="non-scaling-stroke"
                />
                <rect
                  {...box}
                  fill="none"
                  stroke={isActive ? '#fff' : REGION_COLOUR}
                  strokeWidth={isActive ? 2 : 1}
                  vectorEffect="non-scaling-stroke"
                />
                <g
                  className="cursor-pointer"
                  onPointerDown={(event) => {
                    event.stopPropagation()
                    onActivate(index)
                  }}
                >
                  {/* The target is wider than the visible line. */}
                  <rect
                    {...box}
                    fill="none"
                    stroke="transparent"
                    strokeWidth={HIT_PX}
                    vectorEffect="non-scaling-stroke"
                    pointerEvents="stroke"
                  />
                  <RegionNumber
                    index={index}
                    box={box}
                    zoom={zoom}
                    view={view}
                    isActive={isActive}
                  />
                </g>
              </g>
            )
          })}
      </g>
    </svg>
  )
}

interface RegionNumberProps {
  index: number
  box: { x: number; y: number }
  zoom: number
  view: FilmView
  isActive: boolean
}

const NUMBER_REM = 1.25
const HIT_PX = 24

/** Number of a region, upright and of constant size; moved onto the film at its edge. */
function RegionNumber({ index, box, zoom, view, isActive }: RegionNumberProps) {
  const side = useRem(NUMBER_REM)
  const half = side / 2 / zoom
  const upright = `scale(${view.flipX ? -1 : 1} ${view.flipY ? -1 : 1})`
  return (
    <g
      transform={`translate(${Math.max(box.x, half)} ${Math.max(box.y, half)}) rotate(${-view.turns * 90}) ${upright} scale(${1 / zoom})`}
    >
      <rect
        x={-side / 2}
        y={-side / 2}
        width={side}
        height={side}
        rx={2}
        fill={isActive ? '#fff' : REGION_COLOUR}
        pointerEvents="all"
      />
      <text
        textAnchor="middle"
        dominantBaseline="central"
        fontSize={0.65 * side}
        fontWeight={600}
        fill="#000"
      >
        {index + 1}
      </text>
    </g>
  )
}
