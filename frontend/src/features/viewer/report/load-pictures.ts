import type { QueryClient } from '@tanstack/react-query'

import { greyPictureQuery, type GreyPicture } from '@/shared/api/grey-picture'
import type { Item } from '@/shared/api/wire'

/** Load a film and its map, mostly from the viewer's cache. */
export async function loadPictures(queries: QueryClient, { links }: Item) {
  const load = (path: string | null): Promise<GreyPicture | null> =>
    path === null ? Promise.resolve(null) : queries.query(greyPictureQuery(path))
  const [film, map] = await Promise.all([load(links.radiograph), load(links.activation_map)])
  return { film, map }
}
