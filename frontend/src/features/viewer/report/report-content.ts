import type { Item, Job } from '@/shared/api/wire'
import type { Messages } from '@/shared/i18n/en'
import type { Explanation } from '@/shared/lib/codes'
import { explainCaution, explainReason } from '@/shared/lib/explain'
import { fullMoment, percent, percentPair } from '@/shared/lib/figures'

import type { MapLook } from '../map/map-settings'
import { lungExtent, regionExtent, regionPlace } from '../map/region-words'
import { filmFacts } from './film-facts'

/** Text of a report, without its layout. */
export interface ReportContent {
  title: string
  /** Null if the film was not scored. */
  score: {
    probability: number
    threshold: number
    isPositive: boolean
    shown: string
    /** "Above threshold" or "Below threshold". */
    side: string
    thresholdLabel: string
    meaning: readonly string[]
  } | null
  /** Reasons for not scoring the film, with advice. */
  reasons: readonly (Explanation & { code: string })[]
  notScored: string
  cautions: readonly string[]
  filmCaption: string
  mapCaption: string
  regions: readonly (readonly [name: string, value: string])[]
  noRegions: string
  /** Null for a film that was not scored, and for an earlier network. */
  lungExtent: string | null
  opinion: readonly string[]
  facts: readonly (readonly [name: string, value: string])[]
  madeOn: string
}

interface Reported {
  item: Item
  job: Job | undefined
  look: MapLook
}

export function reportContent(
  { item, job, look }: Reported,
  messages: Messages,
  language: string,
  now: Date,
): ReportContent {
  const { viewer, report } = messages
  const { result, feedback } = item
  const text = viewer.feedback
  return {
    title: report.title,
    score: scoreOf(item, messages),
    reasons: (result?.reasons ?? []).map(({ code, detail }) => ({
      code,
      ...explainReason(messages, code, detail),
    })),
    notScored: viewer.rejectedTitle,
    cautions: (result?.cautions ?? []).map(({ code, detail }) =>
      explainCaution(messages, code, detail),
    ),
    filmCaption: report.film,
    mapCaption: report.map(Math.round(look.opacity * 100), look.floor.toFixed(2)),
    regions: (result?.regions ?? []).map((region, index) => [
      `${index + 1}`,
      [
        regionPlace(region, result, messages),
        regionExtent(region, messages),
        viewer.peak(region.peak.toFixed(2)),
      ]
        .filter((words) => words !== null)
        .join(', '),
    ]),
    lungExtent: lungExtent(result?.lungs ?? null, messages),
    noRegions: viewer.noRegions,
    opinion: feedback
      ? [
          text.said(text.opinion[feedback.opinion], fullMoment(feedback.said_at, language)),
          ...(feedback.comment === null ? [] : [feedback.comment]),
        ]
      : [],
    facts: filmFacts(item, job, messages, language),
    madeOn: report.madeOn(fullMoment(now.toISOString(), language)),
  }
}

function scoreOf({ result }: Item, messages: Messages): ReportContent['score'] {
  if (result?.probability == null) return null
  const { probability, threshold } = result
  const isPositive = result.positive === true
  const [shown, limit] = percentPair(probability, threshold)
  const text = messages.result
  return {
    probability,
    threshold,
    isPositive,
    shown,
    side: isPositive ? text.positive : text.negative,
    thresholdLabel: `${text.threshold} ${limit}`,
    meaning: [
      isPositive ? text.positiveLong : text.negativeLong,
      messages.viewer.calibration(percent(probability).replace(/\s%$/, '')),
    ],
  }
}
