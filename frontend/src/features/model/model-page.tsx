import { BrainCircuit, LoaderCircle } from 'lucide-react'

import { ServiceRefused } from '@/shared/api/errors'
import { useModel } from '@/shared/api/model'
import { useMessages } from '@/shared/i18n/language'
import { Disclaimer } from '@/shared/ui/disclaimer'
import { Failure } from '@/shared/ui/failure'
import { Notice } from '@/shared/ui/notice'

import { Card } from './card'
import { readCurves } from './curves'
import { DriftSection } from './drift-section'
import { FeedbackSection } from './feedback-section'

/** The network in use: intended use, metrics, origin. */
export function ModelPage() {
  const { model: text } = useMessages()
  const { data: card, error, refetch } = useModel()
  return (
    <main id="content" tabIndex={-1} className="min-h-0 flex-1 overflow-y-auto outline-none">
      <div className="mx-auto flex min-h-full w-full max-w-5xl flex-col px-4 pt-6 md:px-6">
        <h1 className="text-xl font-semibold">{text.title}</h1>
        {card ? (
          <Card
            card={card}
            live={
              <>
                <DriftSection curves={readCurves(card['curves'])} />
                <FeedbackSection />
              </>
            }
          />
        ) : error instanceof ServiceRefused && error.status === 503 ? (
          <Notice icon={BrainCircuit} title={text.none}>
            <p>{text.noneHint}</p>
          </Notice>
        ) : error ? (
          <Failure error={error} retry={() => void refetch()} />
        ) : (
          <Notice icon={LoaderCircle} title={text.loading} />
        )}
        <Disclaimer className="mt-auto py-3" />
      </div>
    </main>
  )
}
