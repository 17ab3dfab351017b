import { useLayoutEffect, useRef, type ComponentProps } from 'react'

import type { GreyPicture } from '@/shared/api/grey-picture'

import { shrunken } from './shrink'

interface PictureCanvasProps extends ComponentProps<'canvas'> {
  picture: GreyPicture
  /** Screen pixels for each of its own. */
  scale: number
  /** For each of 256 values, the pixel to draw. */
  table: Uint32Array
}

/**
 * A grey picture drawn through a table. A new table costs one pass over the pixels, of which there
 * are no more than the screen shows.
 */
export function PictureCanvas({ picture, scale, table, ...rest }: PictureCanvasProps) {
  const drawing = shrunken(picture, scale)
  const canvas = useRef<HTMLCanvasElement>(null)
  const buffer = useRef<ImageData | null>(null)

  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (!context) return
    const { width, height, pixels } = drawing
    if (buffer.current?.width !== width || buffer.current.height !== height) {
      buffer.current = context.createImageData(width, height)
    }
    paint(pixels, table, new Uint32Array(buffer.current.data.buffer))
    context.putImageData(buffer.current, 0, 0)
  }, [drawing, table])

  return <canvas ref={canvas} width={drawing.width} height={drawing.height} {...rest} />
}

/** Apart from the component, so that browsers keep the fast code which they made of it. */
function paint(pixels: Uint8ClampedArray, table: Uint32Array, drawn: Uint32Array) {
  for (let i = 0; i < drawn.length; i++) drawn[i] = table[pixels[i] as number] as number
}
