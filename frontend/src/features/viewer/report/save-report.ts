import type { QueryClient } from '@tanstack/react-query'

import type { Item, Job } from '@/shared/api/wire'
import type { Messages } from '@/shared/i18n/en'
import type { Language } from '@/shared/i18n/language'
import { saveBlob } from '@/shared/lib/save-file'

import type { MapLook } from '../map/map-settings'
import { composeColourBar, composeFilm, composeHeatmap } from './composed-film'
import { loadPictures } from './load-pictures'
import { reportContent } from './report-content'
import { reportPdf } from './report-pdf'

interface Saved {
  item: Item
  job: Job | undefined
  look: MapLook
  /** File name without its extension. */
  name: string
}

/** Save a film's report as a PDF, with pictures from the viewer's cache. */
export async function saveReport(
  { item, job, look, name }: Saved,
  queries: QueryClient,
  messages: Messages,
  language: Language,
): Promise<void> {
  const { film, map } = await loadPictures(queries, item)
  const regions = item.result?.regions ?? []
  const pictures = {
    film: film && composeFilm(film),
    heatmap: film && map && composeHeatmap(film, map, regions, look),
    colourBar: composeColourBar(look),
  }
  const content = reportContent({ item, job, look }, messages, language, new Date())
  saveBlob(`${name}.pdf`, reportPdf(content, pictures, messages, language))
}
