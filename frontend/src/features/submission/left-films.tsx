import { Trash2, Upload } from 'lucide-react'

import { useMessages } from '@/shared/i18n/language'
import { Button } from '@/shared/ui/button'

import { useUploads } from './uploads'

/** Offers to send what a page that was left or reloaded has not sent. */
export function LeftFilms() {
  const { submit: text, films } = useMessages()
  const { left, takeUpLeft, dismissLeft } = useUploads()
  if (left.length === 0) return null
  return (
    <section
      aria-label={text.left.label}
      className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line bg-raised px-4 py-2"
    >
      <p role="status" className="font-medium">
        {text.left.notSent(films(left.length), left.length)}
      </p>
      <div className="flex gap-2">
        <Button look="primary" icon={Upload} onClick={takeUpLeft}>
          {text.left.send}
        </Button>
        <Button icon={Trash2} onClick={dismissLeft}>
          {text.left.dismiss}
        </Button>
      </div>
    </section>
  )
}
