import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Download } from 'lucide-react'

import type { Item, Job } from '@/shared/api/wire'
import { useLanguage, useMessages } from '@/shared/i18n/language'
import { saveFile } from '@/shared/lib/save-file'
import { Button, buttonClasses } from '@/shared/ui/button'
import { PanelSection } from '@/shared/ui/panel-section'

import type { MapLook } from './map/map-settings'

interface DownloadsProps {
  item: Item
  job: Job | undefined
  look: MapLook
}

export function Downloads({ item, job, look }: DownloadsProps) {
  const messages = useMessages()
  const language = useLanguage()
  const queries = useQueryClient()
  const { viewer } = messages
  const name = item.filename.replace(/\.[^.]+$/, '')
  const { activation_map: map, report: structured, secondary_capture: capture, upload } = item.links
  const saved = { item, job, look, name }

  // Loaded on use: the code that makes them is large.
  const report = useMutation({
    networkMode: 'always',
    mutationFn: async () => {
      const { saveReport } = await import('./report/save-report')
      await saveReport(saved, queries, messages, language)
    },
  })
  const heatmap = useMutation({
    networkMode: 'always',
    mutationFn: async () => {
      const { saveHeatmap } = await import('./report/save-heatmap')
      await saveHeatmap(saved, queries)
    },
  })

  if (item.result === null && upload === null) return null
  return (
    <PanelSection title={viewer.downloads}>
      <div className="flex flex-wrap gap-2">
        {item.result && (
          <Button icon={Download} disabled={report.isPending} onClick={() => report.mutate()}>
            {viewer.download.report}
          </Button>
        )}
        {map !== null && (
          <Button icon={Download} disabled={heatmap.isPending} onClick={() => heatmap.mutate()}>
            {viewer.download.heatmap}
          </Button>
        )}
        {item.result && (
          <Button
            icon={Download}
            onClick={() =>
              saveFile(`${name}.json`, 'application/json', JSON.stringify(item, null, 2))
            }
          >
            {viewer.download.result}
          </Button>
        )}
        {structured && (
          <a href={structured} download className={buttonClasses()}>
            <Download aria-hidden size="1rem" />
            {viewer.download.structured}
          </a>
        )}
        {capture && (
          <a href={capture} download className={buttonClasses()}>
            <Download aria-hidden size="1rem" />
            {viewer.download.capture}
          </a>
        )}
        {upload !== null && (
          <a href={upload} download className={buttonClasses()}>
            <Download aria-hidden size="1rem" />
            {viewer.download.upload}
          </a>
        )}
      </div>
      {(report.isError || heatmap.isError) && <p role="alert">{viewer.download.failed}</p>}
    </PanelSection>
  )
}
