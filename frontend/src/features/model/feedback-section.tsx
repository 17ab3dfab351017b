import { Download } from 'lucide-react'

import { useMessages } from '@/shared/i18n/language'
import { buttonClasses } from '@/shared/ui/button'

/** Export of all feedback, for evaluating the network. */
export function FeedbackSection() {
  const { model } = useMessages()
  const text = model.feedback
  return (
    <section className="border-t border-line py-6">
      <h2 className="mb-2 font-semibold">{text.title}</h2>
      <p className="mb-3 max-w-3xl text-muted">{text.hint}</p>
      <a href="/v1/feedback.csv" download className={buttonClasses()}>
        <Download aria-hidden size="1rem" />
        {text.export}
      </a>
    </section>
  )
}
