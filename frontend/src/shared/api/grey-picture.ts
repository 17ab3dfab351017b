import { queryOptions, useQuery } from '@tanstack/react-query'

import { fetchPath } from './client'

/** A picture's grey values, row 0 at the top. */
export interface GreyPicture {
  width: number
  height: number
  pixels: Uint8ClampedArray
}

/** Fetch and decode a grey picture. A cached one can be drawn at once. */
async function getGreyPicture(path: string, signal: AbortSignal): Promise<GreyPicture> {
  const blob = await (await fetchPath(path, { signal })).blob()
  // The values are measurements: colour management must not change them.
  const bitmap = await createImageBitmap(blob, {
    colorSpaceConversion: 'none',
    premultiplyAlpha: 'none',
  })
  const { width, height } = bitmap
  const context = new OffscreenCanvas(width, height).getContext('2d', {
    willReadFrequently: true,
  })
  if (context === null) throw new Error('no canvas to decode on')
  context.drawImage(bitmap, 0, 0)
  bitmap.close()
  const { data } = context.getImageData(0, 0, width, height)
  const pixels = new Uint8ClampedArray(width * height)
  for (let i = 0; i < pixels.length; i++) pixels[i] = data[4 * i] ?? 0
  return { width, height, pixels }
}

export const greyPictureQuery = (path: string) =>
  queryOptions({
    queryKey: ['grey-picture', path] as const,
    queryFn: ({ signal }) => getGreyPicture(path, signal),
    // The picture of a finished item never changes.
    staleTime: Infinity,
    gcTime: 60_000,
    structuralSharing: false,
  })

/** Load a picture by its link; nothing is requested while the link is null. */
export const useGreyPicture = (path: string | null) =>
  useQuery({ ...greyPictureQuery(path ?? ''), enabled: path !== null })
