import {
  CaretsToAxisDashedHorizontal,
  CaretsToAxisDashedVertical,
  CircleQuestionMark,
  Columns2,
  Contrast,
  Layers,
  Maximize,
  Move,
  RotateCcw,
  RotateCw,
  Sun,
  Undo2,
  ZoomIn,
  ZoomOut,
  Search,
  type LucideIcon,
} from 'lucide-react'
import type { Dispatch } from 'react'

import { useMessages } from '@/shared/i18n/language'
import { IconButton } from '@/shared/ui/button'

import type { FilmView, ViewAction } from './stage/film-view'
import type { MapSettings } from './map/map-settings'
import type { ShortcutName } from './shortcuts/shortcut-keys'
import { useShortcutLabel } from './shortcuts/use-shortcuts'
import type { Tool } from './stage/stage'

interface ToolbarProps {
  tool: Tool
  onTool: (tool: Tool) => void
  view: FilmView
  fitZoom: number
  dispatch: Dispatch<ViewAction>
  settings: MapSettings
  hasMap: boolean
  isSplit: boolean
  onSplit: (isSplit: boolean) => void
  onHelp: () => void
}

export const ZOOM_STEP = 1.25

const TOOLS: readonly { tool: Tool; icon: LucideIcon }[] = [
  { tool: 'window', icon: Sun },
  { tool: 'pan', icon: Move },
  { tool: 'zoom', icon: Search },
]

export function Toolbar(props: ToolbarProps) {
  const { tool, onTool, view, fitZoom, dispatch, settings, hasMap, isSplit, onSplit, onHelp } =
    props
  const { viewer } = useMessages()
  const key = useShortcutLabel()
  const action = (
    name: ShortcutName,
    label: string,
    icon: LucideIcon,
    run: () => void,
    pressed?: boolean,
  ) => (
    <IconButton
      key={name}
      label={label}
      icon={icon}
      shortcut={key(name)}
      onClick={run}
      {...(pressed !== undefined && { pressed })}
    />
  )
  const text = viewer.tool
  return (
    <div
      role="toolbar"
      aria-label={viewer.tools}
      className="flex flex-wrap items-center gap-x-1 py-1 sm:flex-nowrap sm:overflow-x-auto"
    >
      {TOOLS.map(({ tool: name, icon }) =>
        action(name, text[name], icon, () => onTool(name), tool === name),
      )}
      <Divider />
      {action('zoomIn', text.zoomIn, ZoomIn, () =>
        dispatch({ type: 'zoom', factor: ZOOM_STEP, fitZoom }),
      )}
      {action('zoomOut', text.zoomOut, ZoomOut, () =>
        dispatch({ type: 'zoom', factor: 1 / ZOOM_STEP, fitZoom }),
      )}
      {action('fit', text.fit, Maximize, () => dispatch({ type: 'fit' }))}
      <Divider />
      {action('rotateLeft', text.rotateLeft, RotateCcw, () =>
        dispatch({ type: 'turn', to: 'left' }),
      )}
      {action('rotateRight', text.rotateRight, RotateCw, () =>
        dispatch({ type: 'turn', to: 'right' }),
      )}
      {action(
        'flipHorizontal',
        text.flipHorizontal,
        CaretsToAxisDashedVertical,
        () => dispatch({ type: 'flip', along: 'x' }),
        view.flipX,
      )}
      {action(
        'flipVertical',
        text.flipVertical,
        CaretsToAxisDashedHorizontal,
        () => dispatch({ type: 'flip', along: 'y' }),
        view.flipY,
      )}
      {action('invert', text.invert, Contrast, () => dispatch({ type: 'invert' }), view.isInverted)}
      {action('reset', text.reset, Undo2, () => dispatch({ type: 'reset' }))}
      {hasMap && (
        <>
          <Divider />
          {action(
            'map',
            text.map,
            Layers,
            () => settings.setShown(!settings.isShown),
            settings.isShown,
          )}
          {action('sideBySide', text.sideBySide, Columns2, () => onSplit(!isSplit), isSplit)}
        </>
      )}
      <Divider />
      {action('help', text.shortcuts, CircleQuestionMark, onHelp)}
    </div>
  )
}

const Divider = () => <span aria-hidden className="mx-1 h-5 w-px shrink-0 bg-line max-sm:hidden" />
