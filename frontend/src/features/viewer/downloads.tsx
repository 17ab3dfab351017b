import { Download } from 'lucide-react'

import type { Item } from '@/shared/api/wire'
import { useMessages } from '@/shared/i18n/language'
import { saveFile } from '@/shared/lib/save-file'
import { buttonClasses } from '@/shared/ui/button'

import { PanelSection } from './panel-section'

export function Downloads({ item }: { item: Item }) {
  const { viewer } = useMessages()
  const stem = item.filename.replace(/\.[^.]+$/, '')
  const { heatmap, upload } = item.links
  return (
    <PanelSection title={viewer.downloads}>
      <div className="flex flex-wrap gap-2">
        {heatmap !== null && (
          <a href={heatmap} download={`${stem}-heatmap.jpg`} className={buttonClasses()}>
            <Download aria-hidden size={16} />
            {viewer.download.heatmap}
          </a>
        )}
        {item.result && (
          <button
            type="button"
            className={buttonClasses()}
            onClick={() =>
              saveFile(`${stem}.json`, 'application/json', JSON.stringify(item, null, 2))
            }
          >
            <Download aria-hidden size={16} />
            {viewer.download.result}
          </button>
        )}
        {upload !== null && (
          <a href={upload} download={item.filename} className={buttonClasses()}>
            <Download aria-hidden size={16} />
            {viewer.download.upload}
          </a>
        )}
      </div>
    </PanelSection>
  )
}
