import { Trash2, Upload } from 'lucide-react'

import { useMessages } from '@/shared/i18n/language'
import { Button } from '@/shared/ui/button'

import { useUploads } from './uploads'

/** Offers to send the unsent films of a closed page. */
export function UnsentFilms() {
  const { submit: text, films } = useMessages()
  const { unsent, sendUnsent, discardUnsent } = useUploads()
  if (unsent.length === 0) return null
  return (
    <section
      aria-label={text.unsent.label}
      className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line bg-raised px-4 py-2"
    >
      <p role="status" className="font-medium">
        {text.unsent.notSent(films(unsent.length), unsent.length)}
      </p>
      <div className="flex gap-2">
        <Button look="primary" icon={Upload} onClick={sendUnsent}>
          {text.unsent.send}
        </Button>
        <Button icon={Trash2} onClick={discardUnsent}>
          {text.unsent.dismiss}
        </Button>
      </div>
    </section>
  )
}
