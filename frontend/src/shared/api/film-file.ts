import { fetchPath } from './client'
import type { Item } from './wire'

/** Fetch the service's copy of a film: the browser no longer has the file. */
export async function fetchFilmFile({ links, filename }: Item): Promise<File> {
  const answer = await fetchPath(links.upload ?? '')
  return new File([await answer.blob()], filename)
}
