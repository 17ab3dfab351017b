import type { ReactNode } from 'react'

import { Plot } from './plot'

export type PlotPoint = readonly [x: number, y: number]

interface SquarePlotProps {
  /** Labels of the vertical and the horizontal axis. */
  up: string
  right: string
  children: ReactNode
}

/** A plot of two shares, each from 0 to 100 %. */
export function SquarePlot({ up, right, children }: SquarePlotProps) {
  return (
    <div className="max-w-80">
      <p className="pb-1 text-xs leading-4 text-muted">{up}</p>
      <Plot top="100 %" bottom="0 %" below={['0 %', right, '100 %']} className="aspect-square">
        {children}
      </Plot>
    </div>
  )
}

/** The diagonal, where both shares are equal. */
export const DIAGONAL: readonly PlotPoint[] = [
  [0, 0],
  [1, 1],
]

/** A line through points; a reference line is dashed. */
export function Line({ points, isReference = false }: LineProps) {
  const path = points.map(([x, y]) => `${round(x * 100)} ${round(100 - y * 100)}`).join('L')
  return (
    <svg viewBox="0 0 100 100" preserveAspectRatio="none" className="absolute inset-0 size-full">
      <path
        d={`M${path}`}
        fill="none"
        className={isReference ? 'stroke-edge' : 'stroke-ink'}
        strokeWidth={isReference ? 1 : 1.5}
        strokeDasharray={isReference ? '4 4' : undefined}
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  )
}

interface LineProps {
  points: readonly PlotPoint[]
  isReference?: boolean
}

const round = (value: number) => Math.round(value * 100) / 100

interface SpotProps {
  at: PlotPoint
  /** Bounds of the horizontal and the vertical interval. */
  across?: readonly [left: number, right: number]
  upwards?: readonly [low: number, high: number]
  isSmall?: boolean
}

/** A measured point with its intervals. */
export function Spot({ at: [x, y], across, upwards, isSmall = false }: SpotProps) {
  const share = (value: number) => `${value * 100}%`
  return (
    <>
      {across && (
        <span
          className="absolute h-0.5 translate-y-1/2 bg-muted"
          style={{ left: share(across[0]), width: share(across[1] - across[0]), bottom: share(y) }}
        />
      )}
      {upwards && (
        <span
          className="absolute w-0.5 -translate-x-1/2 bg-muted"
          style={{
            left: share(x),
            bottom: share(upwards[0]),
            height: share(upwards[1] - upwards[0]),
          }}
        />
      )}
      <span
        className={`absolute -translate-x-1/2 translate-y-1/2 bg-ink ${isSmall ? 'size-1.5' : 'size-2.5'}`}
        style={{ left: share(x), bottom: share(y) }}
      />
    </>
  )
}
