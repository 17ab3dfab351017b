import type { Messages } from '@/shared/i18n/en'
import type { Language } from '@/shared/i18n/language'

import { INK, MUTED, Paper, SUSPICION, TEXT_WIDTH } from './paper'
import type { ReportContent } from './report-content'

export interface ReportPictures {
  film: HTMLCanvasElement | null
  heatmap: HTMLCanvasElement | null
  colourBar: HTMLCanvasElement
}

const GAP = 6
const MOST_HEIGHT = 78

/** Lay out a report on A4 pages. */
export function reportPdf(
  content: ReportContent,
  pictures: ReportPictures,
  messages: Messages,
  language: Language,
): Blob {
  const { report, viewer, result, notADiagnosis } = messages
  const paper = new Paper(content.title, language)
  paper.text(content.title, { size: 16, isBold: true })
  paper.text(notADiagnosis, { isBold: true })
  paper.text(content.madeOn, { colour: MUTED })
  paper.space(4)

  if (content.score) {
    paper.text(result.probability, { colour: MUTED })
    writeScore(paper, content.score)
  } else {
    paper.text(content.notScored, { size: 14, isBold: true })
  }
  for (const { what, action, code } of content.reasons) {
    paper.text(what)
    paper.text(`${viewer.whatToDo}: ${action} (${viewer.code} ${code})`, { colour: MUTED })
  }
  for (const caution of content.cautions) paper.text(`${report.caution}: ${caution}`)
  paper.space(4)
  drawPictures(paper, content, pictures)

  if (content.score) {
    paper.heading(viewer.regions)
    if (content.regions.length > 0) paper.pairs(content.regions, 8)
    else paper.text(content.noRegions, { colour: MUTED })
    if (content.lungExtent !== null) paper.text(content.lungExtent)
  }
  if (content.opinion.length > 0) {
    paper.heading(report.opinion)
    for (const line of content.opinion) paper.text(line)
  }
  paper.heading(viewer.facts.title)
  paper.pairs(content.facts)
  return paper.finish(notADiagnosis, report.page)
}

function writeScore(paper: Paper, score: NonNullable<ReportContent['score']>): void {
  const colour = score.isPositive ? SUSPICION : INK
  const top = paper.y
  paper.text(score.shown, { size: 26, isBold: true, colour, width: 40 })
  const bottom = paper.y
  paper.moveTo(top + 5)
  paper.text(score.side, { size: 12, isBold: true, colour, x: 42 })
  paper.moveTo(bottom + 1)
  // The bar is filled above the threshold and outlined below it, as on the screen.
  const y = paper.y
  paper.box(0, y, TEXT_WIDTH, 3, '#e8e8ea')
  paper.box(0, y, TEXT_WIDTH * score.probability, 3, colour)
  if (!score.isPositive) paper.box(0.3, y + 0.3, TEXT_WIDTH * score.probability - 0.6, 2.4, '#fff')
  paper.box(TEXT_WIDTH * score.threshold - 0.3, y - 1, 0.6, 5, INK)
  paper.moveTo(y + 4.5)
  paper.text(score.thresholdLabel, { size: 8, x: TEXT_WIDTH * score.threshold })
  paper.moveTo(y + 4.5)
  paper.text('0', { size: 8, colour: MUTED, width: 5 })
  paper.moveTo(y + 4.5)
  paper.text('100 %', { size: 8, colour: MUTED, x: TEXT_WIDTH - 9, width: 12 })
  paper.space(1.5)
  for (const sentence of score.meaning) paper.text(sentence)
}

function drawPictures(paper: Paper, content: ReportContent, pictures: ReportPictures): void {
  const { film, heatmap, colourBar } = pictures
  if (film === null) return
  const width = (TEXT_WIDTH - GAP) / 2
  const scale = Math.min(width / film.width, MOST_HEIGHT / film.height)
  const size = { width: film.width * scale, height: film.height * scale }
  paper.need(size.height + 14)
  const top = paper.y
  const below = top + size.height + 1.5
  paper.picture(film, 0, top, size.width, size.height)
  paper.moveTo(below)
  paper.text(content.filmCaption, { size: 8, colour: MUTED, width })
  if (heatmap !== null) {
    const x = width + GAP
    paper.picture(heatmap, x, top, size.width, size.height)
    paper.picture(colourBar, x, below + 0.5, size.width, 2.5)
    paper.moveTo(below + 3.5)
    paper.text('0.00', { size: 8, colour: MUTED, x })
    paper.moveTo(below + 3.5)
    paper.text('0.50', { size: 8, colour: MUTED, x: x + size.width / 2 - 3 })
    paper.moveTo(below + 3.5)
    paper.text('1.00', { size: 8, colour: MUTED, x: x + size.width - 6, width: 8 })
    paper.text(content.mapCaption, { size: 8, colour: MUTED, x, width })
  }
}
