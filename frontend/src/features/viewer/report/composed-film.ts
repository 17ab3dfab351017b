import type { GreyPicture } from '@/shared/api/grey-picture'
import type { Region } from '@/shared/api/wire'

import { COLOUR_SCALES, cssColour } from '../map/colour-scales'
import { contourPath } from '../map/contours'
import { FULL_WINDOW } from '../stage/film-view'
import { greyLut } from '../stage/grey-lut'
import { CONTOURS_DRAWN, type MapLook } from '../map/map-settings'
import { coverage, mapLut } from '../map/map-lut'
import { REGION_COLOUR } from '../map/region-colour'

/** Small films are enlarged on paper, so that lines and numbers on them are sharp. */
const LEAST_SIDE = 1024

/** Draw the film without window or rotation, so that two reports can be compared. */
export function composeFilm(film: GreyPicture): HTMLCanvasElement {
  const scale = Math.max(1, Math.ceil(LEAST_SIDE / Math.max(film.width, film.height)))
  const canvas = document.createElement('canvas')
  canvas.width = film.width * scale
  canvas.height = film.height * scale
  const context = contextOf(canvas)
  context.imageSmoothingQuality = 'high'
  context.drawImage(painted(film, greyLut(FULL_WINDOW, false)), 0, 0, canvas.width, canvas.height)
  return canvas
}

/** Draw the film with its map, contours and boxes, by the viewer's settings. */
export function composeHeatmap(
  film: GreyPicture,
  map: GreyPicture,
  regions: readonly Region[],
  look: MapLook,
): HTMLCanvasElement {
  const canvas = composeFilm(film)
  const context = contextOf(canvas)
  context.globalAlpha = look.opacity
  context.drawImage(painted(map, mapLut(look.scale, look.floor)), 0, 0, canvas.width, canvas.height)
  context.globalAlpha = 1
  if (look.hasContours) drawContours(context, map)
  if (look.hasBoxes) regions.forEach((region, index) => drawBox(context, region, index + 1))
  return canvas
}

/** Draw the legend of the colours, from 0 (left) to 1 (right), as they look over black. */
export function composeColourBar(look: MapLook): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  canvas.width = 256
  canvas.height = 8
  const context = contextOf(canvas)
  context.fillRect(0, 0, canvas.width, canvas.height)
  COLOUR_SCALES[look.scale].forEach((colour, value) => {
    context.globalAlpha = coverage(value / 255, look.floor)
    context.fillStyle = cssColour(colour)
    context.fillRect(value, 0, 1, canvas.height)
  })
  return canvas
}

function painted({ width, height, pixels }: GreyPicture, lut: Uint32Array): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  const context = contextOf(canvas)
  const image = context.createImageData(width, height)
  const drawn = new Uint32Array(image.data.buffer)
  for (let i = 0; i < drawn.length; i++) drawn[i] = lut[pixels[i] as number] as number
  context.putImageData(image, 0, 0)
  return canvas
}

function drawContours(context: CanvasRenderingContext2D, map: GreyPicture) {
  const { width, height } = context.canvas
  context.save()
  context.scale(width / map.width, height / map.height)
  const thickness = (lineScale(context) * map.width) / width
  for (const { level, px } of CONTOURS_DRAWN) {
    const path = new Path2D(contourPath(map, level))
    for (const [colour, line] of [
      ['#000', px + 1.5],
      ['#fff', px],
    ] as const) {
      context.strokeStyle = colour
      context.lineWidth = line * thickness
      context.stroke(path)
    }
  }
  context.restore()
}

function drawBox(context: CanvasRenderingContext2D, region: Region, number: number) {
  const { width, height } = context.canvas
  const scale = lineScale(context)
  const [x, y] = [region.x * width, region.y * height]
  for (const [colour, line] of [
    ['#000', 3],
    [REGION_COLOUR, 1.5],
  ] as const) {
    context.strokeStyle = colour
    context.lineWidth = line * scale
    context.strokeRect(x, y, region.width * width, region.height * height)
  }
  const size = 22 * scale
  context.fillStyle = REGION_COLOUR
  context.fillRect(x, y, size, size)
  context.fillStyle = '#000'
  context.font = `600 ${15 * scale}px system-ui, sans-serif`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.fillText(String(number), x + size / 2, y + size / 2 + scale)
}

/** Scale of line widths: on a film of any size they look as on one of 700 pixels. */
const lineScale = ({ canvas }: CanvasRenderingContext2D) =>
  Math.max(canvas.width, canvas.height) / 700

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d')
  if (context === null) throw new Error('no canvas to draw on')
  return context
}
