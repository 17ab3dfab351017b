import type { Messages } from '@/shared/i18n/en'

import { PRESET_NAMES } from '../stage/film-view'
import type { ShortcutName } from './shortcut-keys'

/** Labels of all actions, grouped as in the dialog. */
export function shortcutGroups({ viewer }: Messages): readonly ShortcutGroup[] {
  const { shortcuts: text, tool, feedback, grey } = viewer
  return [
    {
      title: text.group.films,
      rows: [
        ['next', viewer.next],
        ['previous', viewer.previous],
        ['back', text.backKey],
        ['agree', feedback.opinion.agree],
        ['disagree', feedback.opinion.disagree],
        ['help', tool.shortcuts],
      ],
    },
    {
      title: text.group.map,
      rows: [
        ['map', tool.map],
        ['sideBySide', tool.sideBySide],
        ['contours', viewer.map.contours],
        ['opacityUp', text.opacityUp],
        ['opacityDown', text.opacityDown],
        ['region', text.regionKey],
      ],
    },
    {
      title: text.group.view,
      rows: [
        ['pan', tool.pan],
        ['zoom', tool.zoom],
        ['zoomIn', tool.zoomIn],
        ['zoomOut', tool.zoomOut],
        ['fit', tool.fit],
        ['rotateLeft', tool.rotateLeft],
        ['rotateRight', tool.rotateRight],
        ['flipHorizontal', tool.flipHorizontal],
        ['flipVertical', tool.flipVertical],
        ['reset', tool.reset],
        ['panUp', text.panUp],
        ['panDown', text.panDown],
        ['panLeft', text.panLeft],
        ['panRight', text.panRight],
      ],
    },
    {
      title: text.group.window,
      rows: [
        ['window', tool.window],
        ['invert', tool.invert],
        ...PRESET_NAMES.map(
          (name, index) => [`preset${index + 1}` as ShortcutName, grey.preset[name]] as const,
        ),
        ['brighter', text.brighter],
        ['darker', text.darker],
        ['softer', text.softer],
        ['harder', text.harder],
      ],
    },
  ]
}

export interface ShortcutGroup {
  title: string
  rows: readonly (readonly [name: ShortcutName, label: string])[]
}
