import type { Dispatch } from 'react'

import { useMessages } from '@/shared/i18n/language'
import { Button } from '@/shared/ui/button'
import { PanelSection } from '@/shared/ui/panel-section'
import { Slider } from '@/shared/ui/slider'

import { PRESET_NAMES, PRESETS, WINDOW_LIMITS, type FilmView, type ViewAction } from './film-view'

/** Sliders and presets of window and level. */
export function WindowControls({
  view: { window },
  dispatch,
}: {
  view: FilmView
  dispatch: Dispatch<ViewAction>
}) {
  const { grey } = useMessages().viewer
  return (
    <PanelSection title={grey.title}>
      {(['level', 'width'] as const).map((part) => (
        <Slider
          key={part}
          label={grey[part]}
          value={Math.round(window[part])}
          min={WINDOW_LIMITS[part].least}
          max={WINDOW_LIMITS[part].most}
          step={1}
          text={String(Math.round(window[part]))}
          onChange={(value) =>
            dispatch({ type: 'setWindow', window: { ...window, [part]: value } })
          }
        />
      ))}
      <div role="group" aria-label={grey.presets} className="grid grid-cols-2 gap-1">
        {PRESET_NAMES.map((name) => {
          const isOn = window.width === PRESETS[name].width && window.level === PRESETS[name].level
          return (
            <Button
              key={name}
              aria-pressed={isOn}
              look={isOn ? 'primary' : 'plain'}
              className="h-7!"
              onClick={() => dispatch({ type: 'setWindow', window: PRESETS[name] })}
            >
              {grey.preset[name]}
            </Button>
          )
        })}
      </div>
    </PanelSection>
  )
}
