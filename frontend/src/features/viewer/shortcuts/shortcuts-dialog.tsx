import { Keyboard, RotateCcw } from 'lucide-react'
import { useState } from 'react'

import { useMessages } from '@/shared/i18n/language'
import { Button } from '@/shared/ui/button'
import { Dialog } from '@/shared/ui/dialog'
import { Switch } from '@/shared/ui/switch'

import { conflictsOf, useKeys } from './shortcut-keys'
import { shortcutGroups } from './shortcut-labels'
import { ShortcutRow } from './shortcut-row'
import { useSingleKeys } from './use-shortcuts'

/** All shortcuts, their editor, and the switch for single-key shortcuts. */
export function ShortcutsDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const messages = useMessages()
  const { shortcuts: text, tool } = messages.viewer
  const [isOn, setOn] = useSingleKeys()
  const [isEditing, setEditing] = useState(false)
  const [announcement, announce] = useState('')
  const { keys, isChanged, isAnyChanged, assign, reset, resetAll } = useKeys()
  const groups = shortcutGroups(messages)
  const labels = new Map(groups.flatMap(({ rows }) => rows))

  const mouse = [
    [text.drag, text.dragDoes],
    [text.middle, tool.pan],
    [text.right, tool.zoom],
    [text.wheel, tool.zoom],
    [text.doubleClick, text.doubleClickDoes],
  ] as const

  const list = ({ title, rows }: (typeof groups)[number]) => (
    <section key={title} className="mt-4">
      <h3 className="mb-1 font-semibold">{title}</h3>
      <ul>
        {rows.map(([name, label]) => (
          <ShortcutRow
            key={name}
            label={label}
            keys={keys[name]}
            conflicts={conflictsOf(name, keys).map((other) => labels.get(other) ?? other)}
            isEditing={isEditing}
            isChanged={isChanged(name)}
            onAnnounce={announce}
            onAssign={(key) => assign(name, key)}
            onReset={() => reset(name)}
          />
        ))}
      </ul>
    </section>
  )

  return (
    <Dialog title={text.title} closeLabel={text.close} isOpen={isOpen} onClose={onClose}>
      <div className="px-6 py-4">
        <div className="flex flex-wrap items-center justify-between gap-x-8 gap-y-3 border-b border-line pb-4">
          <div className="flex flex-wrap gap-2">
            <Button icon={Keyboard} aria-pressed={isEditing} onClick={() => setEditing(!isEditing)}>
              {isEditing ? text.done : text.edit}
            </Button>
            {isAnyChanged && (
              <Button icon={RotateCcw} onClick={resetAll}>
                {text.resetAll}
              </Button>
            )}
          </div>
          <div className="min-w-56">
            <Switch label={text.on} checked={isOn} onChange={setOn} />
          </div>
        </div>
        <div className="grid gap-x-8 sm:grid-cols-2">
          <div>
            {groups.slice(0, 2).map(list)}
            <h3 className="mt-4 mb-1 font-semibold">{text.mouse}</h3>
            <dl>
              {mouse.map(([label, does]) => (
                <div key={label} className="flex min-h-8 items-center justify-between gap-4">
                  <dt className="text-muted">{label}</dt>
                  <dd>{does}</dd>
                </div>
              ))}
            </dl>
          </div>
          <div>{groups.slice(2).map(list)}</div>
        </div>
        <p role="status" className="sr-only">
          {announcement}
        </p>
      </div>
    </Dialog>
  )
}
