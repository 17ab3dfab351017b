import { useMessages } from '@/shared/i18n/language'
import { Dialog } from '@/shared/ui/dialog'
import { Key } from '@/shared/ui/hint'
import { Switch } from '@/shared/ui/switch'

import { PRESET_NAMES } from './film-view'
import { keyLabel, SHORTCUTS, useSingleKeys, type ShortcutName } from './shortcuts'

/** Every key, and the switch for those that are a single character. */
export function ShortcutsDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const { viewer } = useMessages()
  const { shortcuts: text, tool } = viewer
  const [isOn, setOn] = useSingleKeys()

  const rows: readonly (readonly [string, readonly ShortcutName[]])[] = [
    [viewer.next, ['next']],
    [viewer.previous, ['previous']],
    [text.backKey, ['back']],
    [tool.map, ['map']],
    [tool.sideBySide, ['sideBySide']],
    [viewer.map.contours, ['contours']],
    [text.opacity, ['opacityDown', 'opacityUp']],
    [text.regionKey, ['region']],
    [tool.window, ['window']],
    [tool.pan, ['pan']],
    [tool.zoom, ['zoom']],
    [`${tool.zoomIn}, ${tool.zoomOut.toLowerCase()}`, ['zoomIn', 'zoomOut']],
    [tool.fit, ['fit']],
    [tool.rotateLeft, ['rotateLeft']],
    [tool.rotateRight, ['rotateRight']],
    [tool.flipHorizontal, ['flipHorizontal']],
    [tool.flipVertical, ['flipVertical']],
    [tool.invert, ['invert']],
    [tool.reset, ['reset']],
    ...PRESET_NAMES.map(
      (name, index) =>
        [
          `${viewer.grey.title}: ${viewer.grey.preset[name].toLowerCase()}`,
          [`preset${index + 1}` as ShortcutName],
        ] as const,
    ),
    [text.nudge, ['brighter', 'darker', 'softer', 'harder']],
    [text.panKeys, ['panUp', 'panDown', 'panLeft', 'panRight']],
    [tool.shortcuts, ['help']],
  ]
  const mouse = [
    [text.drag, text.dragDoes],
    [text.middle, tool.pan],
    [text.right, tool.zoom],
    [text.wheel, tool.zoom],
    [text.doubleClick, text.doubleClickDoes],
  ] as const

  return (
    <Dialog title={text.title} closeLabel={text.close} isOpen={isOpen} onClose={onClose}>
      <div className="px-6 py-4">
        <Switch
          label={text.on}
          checked={isOn}
          onChange={setOn}
          className="border-b border-line pb-4"
        />
        <dl className="mt-4 gap-x-8 sm:columns-2">
          {rows.map(([label, names]) => (
            <div
              key={label}
              className="flex min-h-7 break-inside-avoid items-center justify-between gap-4"
            >
              <dt className="text-muted">{label}</dt>
              <dd className="flex shrink-0 gap-1">
                {names.flatMap((name) =>
                  SHORTCUTS[name].map((key) => <Key key={key}>{keyLabel(key)}</Key>),
                )}
              </dd>
            </div>
          ))}
        </dl>
        <h3 className="mt-4 border-t border-line pt-4 font-semibold">{text.mouse}</h3>
        <dl className="mt-2 gap-x-8 sm:columns-2">
          {mouse.map(([label, does]) => (
            <div
              key={label}
              className="flex min-h-7 break-inside-avoid items-center justify-between gap-4"
            >
              <dt className="text-muted">{label}</dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
      </div>
    </Dialog>
  )
}
