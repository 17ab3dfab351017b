import type { Result } from '@/shared/api/wire'
import { useMessages } from '@/shared/i18n/language'
import { classes } from '@/shared/ui/classes'

import { PanelSection } from '@/shared/ui/panel-section'

import { lungExtent, regionExtent, regionPlace } from './region-words'

interface RegionsProps {
  result: Result | null
  active: number | null
  onActivate: (region: number) => void
}

/** List of the map's regions; choosing one centres it in the viewer. */
export function Regions({ result, active, onActivate }: RegionsProps) {
  const messages = useMessages()
  const { viewer } = messages
  const regions = result?.regions ?? []
  const extent = lungExtent(result?.lungs ?? null, messages)
  return (
    <PanelSection title={viewer.regions}>
      {regions.length === 0 ? (
        <p className="text-muted">{viewer.noRegions}</p>
      ) : (
        <ol className="flex flex-col gap-1" data-testid="regions">
          {regions.map((region, index) => {
            const covered = regionExtent(region, messages)
            return (
              <li key={index}>
                <button
                  type="button"
                  aria-pressed={active === index}
                  onClick={() => onActivate(index)}
                  className="flex min-h-8 w-full items-center gap-2 rounded-sm px-1 text-left hover:bg-raised"
                >
                  <span
                    className={classes(
                      'size-5 rounded-xs border text-center text-xs leading-4.5 font-semibold',
                      active === index
                        ? 'border-ink bg-ink text-ground'
                        : 'border-suspicion text-suspicion',
                    )}
                  >
                    {index + 1}
                  </span>
                  <span className="flex-1">
                    {regionPlace(region, result, messages)}
                    {covered !== null && <span className="block text-muted">{covered}</span>}
                  </span>
                  <span className="text-muted">{viewer.peak(region.peak.toFixed(2))}</span>
                </button>
              </li>
            )
          })}
        </ol>
      )}
      {extent !== null && (
        <p className="text-muted" data-testid="lung-extent">
          {extent}
        </p>
      )}
    </PanelSection>
  )
}
