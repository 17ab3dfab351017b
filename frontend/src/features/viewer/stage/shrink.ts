import type { GreyPicture } from '@/shared/api/grey-picture'

/**
 * Shrink a picture by area averaging. At the scale of the screen there are fewer pixels to look up,
 * and the browser need not resample them for each frame.
 */
export function shrink(picture: GreyPicture, scale: number): GreyPicture {
  const width = Math.max(1, Math.round(picture.width * scale))
  const height = Math.max(1, Math.round(picture.height * scale))
  if (width >= picture.width || height >= picture.height) return picture
  const columns = sharesOf(picture.width, width)
  const rows = sharesOf(picture.height, height)
  const pixels = new Uint8ClampedArray(width * height)
  const line = new Float32Array(picture.width)
  for (let y = 0; y < height; y++) {
    line.fill(0)
    for (let part = rows.first[y] as number; part < (rows.first[y + 1] as number); part++) {
      const start = (rows.source[part] as number) * picture.width
      const share = rows.share[part] as number
      for (let x = 0; x < picture.width; x++) {
        line[x] = (line[x] as number) + share * (picture.pixels[start + x] as number)
      }
    }
    for (let x = 0; x < width; x++) {
      let sum = 0
      for (let part = columns.first[x] as number; part < (columns.first[x + 1] as number); part++) {
        sum += (columns.share[part] as number) * (line[columns.source[part] as number] as number)
      }
      pixels[y * width + x] = sum
    }
  }
  return { width, height, pixels }
}

/**
 * Source pixels of each shrunken pixel along one side, and their shares. Pixel n has the parts from
 * `first[n]` up to, not including, `first[n + 1]`; their shares add up to 1.
 */
function sharesOf(from: number, to: number) {
  const step = from / to
  const first: number[] = []
  const source: number[] = []
  const share: number[] = []
  for (let pixel = 0; pixel < to; pixel++) {
    first.push(source.length)
    const [begin, end] = [pixel * step, Math.min((pixel + 1) * step, from)]
    for (let at = Math.floor(begin); at < end; at++) {
      source.push(at)
      share.push((Math.min(at + 1, end) - Math.max(at, begin)) / (end - begin))
    }
  }
  first.push(source.length)
  return { first, source, share: Float32Array.from(share) }
}

const made = new WeakMap<GreyPicture, { scale: number; shrunken: GreyPicture }>()

/** Shrink as `shrink` does, and cache the last result for as long as the picture exists. */
export function shrunken(picture: GreyPicture, scale: number): GreyPicture {
  let kept = made.get(picture)
  if (kept?.scale !== scale) {
    kept = { scale, shrunken: shrink(picture, scale) }
    made.set(picture, kept)
  }
  return kept.shrunken
}
