import { useLayoutEffect, useRef, type ComponentProps } from 'react'

import type { GreyPicture } from '@/shared/api/grey-picture'

import { shrunken } from './shrink'

interface PictureCanvasProps extends ComponentProps<'canvas'> {
  picture: GreyPicture
  /** Screen pixels per pixel of the picture. */
  scale: number
  /** Pixel for each of 256 values. */
  lut: Uint32Array
}

/**
 * A grey picture drawn through a lookup table. A new table costs one pass over the pixels, which are
 * at most as many as the screen shows.
 */
export function PictureCanvas({ picture, scale, lut, ...rest }: PictureCanvasProps) {
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
    paint(pixels, lut, new Uint32Array(buffer.current.data.buffer))
    context.putImageData(buffer.current, 0, 0)
  }, [drawing, lut])

  return <canvas ref={canvas} width={drawing.width} height={drawing.height} {...rest} />
}

/** Draw pixels through the table. A function of its own, so that browsers keep it optimised. */
function paint(pixels: Uint8ClampedArray, lut: Uint32Array, drawn: Uint32Array) {
  for (let i = 0; i < drawn.length; i++) drawn[i] = lut[pixels[i] as number] as number
}
