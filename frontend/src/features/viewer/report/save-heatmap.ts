import type { QueryClient } from '@tanstack/react-query'

import type { Item } from '@/shared/api/wire'
import { saveBlob } from '@/shared/lib/save-file'

import type { MapLook } from '../map/map-settings'
import { composeHeatmap } from './composed-film'
import { loadPictures } from './load-pictures'

interface Saved {
  item: Item
  look: MapLook
  /** File name without its extension. */
  name: string
}

/** Save the film with its map as a PNG, by the viewer's settings but not rotated. */
export async function saveHeatmap({ item, look, name }: Saved, queries: QueryClient) {
  const { film, map } = await loadPictures(queries, item)
  if (film === null || map === null) return
  const canvas = composeHeatmap(film, map, item.result?.regions ?? [], look)
  const png = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'))
  if (png !== null) saveBlob(`${name}-heatmap.png`, png)
}
