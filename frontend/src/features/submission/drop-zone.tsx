import { FolderUp, Upload } from 'lucide-react'
import { useId } from 'react'

import type { Priority } from '@/shared/api/wire'
import { useMessages } from '@/shared/i18n/language'
import { Button } from '@/shared/ui/button'
import { classes } from '@/shared/ui/classes'
import { Segments } from '@/shared/ui/segments'

import { useFilePicker } from './file-picker'
import { useUploads } from './uploads'

const PRIORITIES: readonly Priority[] = ['routine', 'stat']
const MAX_REFERENCE = 200

/** Buttons to choose films, with priority and reference. Dropping works anywhere on the page. */
export function DropZone({ isCompact }: { isCompact: boolean }) {
  const { submit: text, priority } = useMessages()
  const { options, setOptions } = useUploads()
  const { pickFiles, pickFolder } = useFilePicker()
  const reference = useId()
  const hint = useId()

  return (
    <section className="mt-4 border border-dashed border-edge bg-panel">
      <div
        className={classes(
          'flex flex-wrap items-center gap-x-4 gap-y-3 p-4',
          !isCompact && 'flex-col py-16 text-center',
        )}
      >
        <div className={classes(isCompact && 'min-w-0 flex-1 basis-60')}>
          <p className="font-medium">{text.drop}</p>
          <p className="text-muted">{text.formats}</p>
        </div>
        <div className="flex flex-wrap justify-center gap-2">
          <Button look="primary" icon={Upload} onClick={pickFiles}>
            {text.choose}
          </Button>
          <Button icon={FolderUp} onClick={pickFolder}>
            {text.chooseFolder}
          </Button>
        </div>
      </div>
      <fieldset className="flex flex-wrap items-center gap-x-6 gap-y-3 border-t border-line px-4 py-3">
        <legend className="sr-only">{text.options}</legend>
        <div className="flex items-center gap-3">
          <span aria-hidden className="text-muted">
            {text.priority}
          </span>
          <Segments
            label={text.priority}
            value={options.priority}
            choices={PRIORITIES.map((value) => ({ value, label: priority[value] }))}
            onChange={(value) => setOptions({ ...options, priority: value })}
          />
        </div>
        <div className="flex min-w-0 flex-1 basis-64 flex-wrap items-center gap-x-3 gap-y-1">
          <label htmlFor={reference} className="text-muted">
            {text.reference}
          </label>
          <input
            id={reference}
            aria-describedby={hint}
            value={options.reference}
            maxLength={MAX_REFERENCE}
            autoComplete="off"
            onChange={(event) => setOptions({ ...options, reference: event.target.value })}
            className="h-8 min-w-32 flex-1 rounded-sm border border-edge bg-ground px-2"
          />
          <span id={hint} className="text-xs text-muted">
            {text.referenceHint}
          </span>
        </div>
      </fieldset>
    </section>
  )
}
