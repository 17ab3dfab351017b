import { useMessages } from '@/shared/i18n/language'
import { PanelSection } from '@/shared/ui/panel-section'
import { Segments } from '@/shared/ui/segments'
import { Slider } from '@/shared/ui/slider'
import { Switch } from '@/shared/ui/switch'

import { COLOUR_SCALES, cssColour, SCALE_NAMES, type ScaleName } from './colour-scales'
import type { MapSettings } from './map-settings'

/** Controls of the activation map's drawing. */
export function MapControls({ settings }: { settings: MapSettings }) {
  const { map } = useMessages().viewer
  return (
    <PanelSection title={map.title}>
      <Switch label={map.shown} checked={settings.isShown} onChange={settings.setShown} />
      <Slider
        label={map.opacity}
        value={settings.opacity}
        min={0}
        max={1}
        step={0.05}
        text={`${Math.round(settings.opacity * 100)} %`}
        onChange={settings.setOpacity}
      />
      <Slider
        label={map.floor}
        value={settings.floor}
        min={0}
        max={1}
        step={0.05}
        text={settings.floor.toFixed(2)}
        onChange={settings.setFloor}
      />
      <Segments
        label={map.scale}
        value={settings.scale}
        choices={SCALE_NAMES.map((value) => ({
          value,
          label: value,
          content: <ScaleSample scale={value} />,
        }))}
        onChange={settings.setScale}
      />
      <Switch label={map.contours} checked={settings.hasContours} onChange={settings.setContours} />
      <Switch label={map.boxes} checked={settings.hasBoxes} onChange={settings.setBoxes} />
      <Switch label={map.lungs} checked={settings.hasLungs} onChange={settings.setLungs} />
    </PanelSection>
  )
}

const SAMPLES = [0, 51, 102, 153, 204, 255]

function ScaleSample({ scale }: { scale: ScaleName }) {
  return (
    <span className="flex flex-col items-center gap-0.5 py-0.5">
      <span className="text-xs leading-4 capitalize">{scale}</span>
      <svg viewBox="0 0 6 1" preserveAspectRatio="none" className="h-1 w-full" aria-hidden>
        {SAMPLES.map((value, index) => (
          <rect
            key={value}
            x={index}
            width={1.02}
            height={1}
            fill={cssColour(COLOUR_SCALES[scale][value] ?? [0, 0, 0])}
          />
        ))}
      </svg>
    </span>
  )
}
