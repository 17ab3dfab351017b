import type { ReactNode } from 'react'

import type { ModelCard } from '@/shared/api/model'
import { useMessages } from '@/shared/i18n/language'
import { percent } from '@/shared/lib/figures'

import { CardTree } from './card-tree'
import { readCurves } from './curves'
import { Metrics, readMetrics } from './metrics'
import { OperatingPoint } from './operating-point'

/** The card's own text is not translated: its authors stand for its wording. */
const CARD_LANGUAGE = 'en'

/**
 * The model card: the most important parts first, then all of it.
 *
 * Args:
 *   live: Sections that are not from the card.
 */
export function Card({ card, live }: { card: ModelCard; live: ReactNode }) {
  const { model: text, viewer } = useMessages()
  const name = [card['name'], card['version']].filter(isText).join(' ')
  const intended = card['intended_use']
  const limitations = textsOf(card['limitations'])
  const citations = textsOf(card['citations'])
  const metrics = readMetrics(card['metrics'])
  const { threshold, threshold_rule: rule, map_threshold: mapThreshold, prevalence, licence } = card

  return (
    <>
      {name !== '' && <p className="text-muted">{name}</p>}
      <div className="flex max-w-3xl flex-col gap-6 py-6">
        {isText(intended) && (
          <Section title={text.intended}>
            <p lang={CARD_LANGUAGE}>{intended}</p>
          </Section>
        )}
        {limitations.length > 0 && (
          <Section title={text.limitations}>
            <Bullets texts={limitations} />
          </Section>
        )}
        {typeof threshold === 'number' && (
          <Section title={text.operatingPoint}>
            <dl className="grid gap-x-6 gap-y-1 sm:grid-cols-[14rem_minmax(0,1fr)]">
              <dt className="text-muted">{text.threshold}</dt>
              <dd>{percent(threshold)}</dd>
              {isText(rule) && (
                <>
                  <dt className="text-muted">{text.rule}</dt>
                  <dd lang={CARD_LANGUAGE}>{rule}</dd>
                </>
              )}
              {typeof prevalence === 'number' && (
                <>
                  <dt className="text-muted">{text.prevalence}</dt>
                  <dd>{text.prevalenceOf(percent(prevalence))}</dd>
                </>
              )}
              {typeof mapThreshold === 'number' && (
                <>
                  <dt className="text-muted">{viewer.map.title}</dt>
                  <dd>{viewer.map.regionsFrom(mapThreshold.toFixed(2))}</dd>
                </>
              )}
            </dl>
          </Section>
        )}
      </div>
      {metrics.length > 0 && (
        <Section title={text.metrics}>
          <OperatingPoint metrics={metrics} curves={readCurves(card['curves'])} />
          <Metrics metrics={metrics} />
        </Section>
      )}
      {live}
      <div className="flex max-w-3xl flex-col gap-6 border-t border-line py-6">
        {isText(licence) && (
          <Section title={text.licence}>
            <p lang={CARD_LANGUAGE}>{licence}</p>
          </Section>
        )}
        {citations.length > 0 && (
          <Section title={text.citations}>
            <Bullets texts={citations} />
          </Section>
        )}
      </div>
      <details className="border-t border-line py-4">
        <summary className="font-semibold">{text.everything}</summary>
        <div className="pt-4">
          <CardTree value={card} />
        </div>
      </details>
    </>
  )
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h2 className="mb-2 font-semibold">{title}</h2>
      {children}
    </section>
  )
}

function Bullets({ texts }: { texts: readonly string[] }) {
  return (
    <ul lang={CARD_LANGUAGE} className="flex list-disc flex-col gap-1 pl-5 marker:text-muted">
      {texts.map((text) => (
        <li key={text} className="break-words">
          {text}
        </li>
      ))}
    </ul>
  )
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter(isText) : isText(value) ? [value] : []
