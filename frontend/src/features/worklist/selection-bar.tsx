import { Ban, Download, Trash2, X } from 'lucide-react'
import { useState } from 'react'

import { useCancelJob } from '@/shared/api/cancel-job'
import { useEraseJob } from '@/shared/api/erase-job'
import { isFinal, type WorklistRow } from '@/shared/api/wire'
import { useMessages } from '@/shared/i18n/language'
import { saveFile } from '@/shared/lib/save-file'
import { Button } from '@/shared/ui/button'
import { Dialog } from '@/shared/ui/dialog'
import { Refusal } from '@/shared/ui/refusal'

import { toCsv } from './export-csv'

interface SelectionBarProps {
  rows: readonly WorklistRow[]
  onClear: () => void
}

/** Actions on the chosen films. */
export function SelectionBar({ rows, onClear }: SelectionBarProps) {
  const { worklist, films } = useMessages()
  const text = worklist.selection
  const cancel = useCancelJob()
  const erase = useEraseJob()
  const [isAsking, setAsking] = useState(false)
  const [refused, setRefused] = useState<unknown>(null)

  const jobIds = [...new Set(rows.map((row) => row.job_id))]
  const openIds = [
    ...new Set(rows.filter((row) => !isFinal(row.item.state)).map((row) => row.job_id)),
  ]
  /** Apply an action to every job, even if others fail; true if all succeeded. */
  const toAll = async (ids: readonly string[], change: (id: string) => Promise<unknown>) => {
    setRefused(null)
    const outcomes = await Promise.allSettled(ids.map(change))
    const failure = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failure) setRefused(failure.reason)
    return failure === undefined
  }
  const eraseAll = async () => {
    setAsking(false)
    // Films that could not be erased stay chosen.
    if (await toAll(jobIds, erase.mutateAsync)) onClear()
  }

  return (
    <div
      role="region"
      aria-label={text.label}
      className="flex flex-wrap items-center gap-2 border-t border-line bg-panel px-4 py-2"
    >
      <span role="status" className="mr-2 font-medium">
        {text.chosen(films(rows.length))}
      </span>
      <Button
        icon={Download}
        onClick={() => saveFile('pneumocam-worklist.csv', 'text/csv', toCsv(rows))}
      >
        {text.exportCsv}
      </Button>
      {openIds.length > 0 && (
        <Button icon={Ban} onClick={() => void toAll(openIds, cancel.mutateAsync)}>
          {text.cancel(openIds.length)}
        </Button>
      )}
      <Button icon={Trash2} disabled={erase.isPending} onClick={() => setAsking(true)}>
        {text.erase(jobIds.length)}
      </Button>
      <Button look="quiet" icon={X} onClick={onClear}>
        {text.clear}
      </Button>
      {refused instanceof Error && <Refusal notDone={text.failed} error={refused} />}
      <Dialog
        title={text.eraseTitle(jobIds.length)}
        closeLabel={text.keep}
        width="narrow"
        isOpen={isAsking}
        onClose={() => setAsking(false)}
      >
        <div className="flex flex-col gap-4 px-6 py-4">
          <p>{text.eraseMeans}</p>
          <Button look="primary" icon={Trash2} className="self-end" onClick={() => void eraseAll()}>
            {text.erase(jobIds.length)}
          </Button>
        </div>
      </Dialog>
    </div>
  )
}
