import type { Item, Job } from '@/shared/api/wire'
import { useLanguage, useMessages } from '@/shared/i18n/language'
import { PanelSection } from '@/shared/ui/panel-section'

import { filmFacts } from './report/film-facts'

/** The film's own data, and the network that read it. */
export function Facts({ item, job }: { item: Item; job: Job | undefined }) {
  const messages = useMessages()
  const language = useLanguage()
  return (
    <PanelSection title={messages.viewer.facts.title}>
      <dl className="grid grid-cols-[6rem_minmax(0,1fr)] gap-x-2 gap-y-1">
        {filmFacts(item, job, messages, language).map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-muted">{name}</dt>
            <dd className="break-words">{value}</dd>
          </div>
        ))}
      </dl>
    </PanelSection>
  )
}
