import { jsPDF } from 'jspdf'

import { textAsPicture } from './text-as-picture'

/** A4 portrait, in millimetres. */
const PAGE = { width: 210, height: 297 }
const MARGIN = { side: 18, top: 16, bottom: 20 }
export const TEXT_WIDTH = PAGE.width - 2 * MARGIN.side

const MM_PER_POINT = 25.4 / 72
const LINE_HEIGHT = 1.35

export const INK = '#18181b'
export const MUTED = '#57575f'
export const SUSPICION = '#b34100'
const LINE = '#d6d6da'

export interface TextLook {
  size?: number
  isBold?: boolean
  colour?: string
  /** Distance from the left margin. */
  x?: number
  width?: number
}

/**
 * Pages that are filled from top to bottom.
 *
 * Uses the standard fonts of PDF; text in other scripts is drawn as a picture.
 */
export class Paper {
  readonly #document = new jsPDF({ format: 'a4', unit: 'mm', compress: true })
  #y = MARGIN.top

  constructor(title: string, language: 'en' | 'es') {
    this.#document.setDocumentProperties({ title, creator: 'PneumoCAM' })
    this.#document.setLanguage(language)
  }

  get y(): number {
    return this.#y
  }

  /** Move up or down on the same page. */
  moveTo(y: number): void {
    this.#y = y
  }

  space(height: number): void {
    this.#y += height
  }

  /** Begin a new page if less than this height is left. */
  need(height: number): void {
    if (this.#y + height <= PAGE.height - MARGIN.bottom) return
    this.#document.addPage()
    this.#y = MARGIN.top
  }

  /** Write a paragraph, broken into lines. */
  text(text: string, look: TextLook = {}): void {
    const { size = 9.5, isBold = false, colour = INK, x = 0, width = TEXT_WIDTH - x } = look
    const lineHeight = size * MM_PER_POINT * LINE_HEIGHT
    this.#document.setFont('helvetica', isBold ? 'bold' : 'normal').setFontSize(size)
    if (!isInFont(text)) {
      const picture = textAsPicture(text, { size, isBold, colour, width })
      this.need(picture.height)
      this.#document.addImage(
        picture.png,
        'PNG',
        MARGIN.side + x,
        this.#y,
        picture.width,
        picture.height,
      )
      this.#y += picture.height
      return
    }
    for (const line of this.#document.splitTextToSize(text, width) as string[]) {
      this.need(lineHeight)
      // Set for each line: a new page starts with the document's default font.
      this.#document.setFont('helvetica', isBold ? 'bold' : 'normal').setFontSize(size)
      this.#document.setTextColor(colour)
      this.#document.text(line, MARGIN.side + x, this.#y + size * MM_PER_POINT)
      this.#y += lineHeight
    }
  }

  heading(text: string): void {
    this.need(20)
    this.space(3)
    this.rule()
    this.space(2.5)
    this.text(text, { size: 11, isBold: true })
    this.space(0.5)
  }

  rule(): void {
    this.box(0, this.#y, TEXT_WIDTH, 0.2, LINE)
  }

  /** Draw a filled box, positioned from the left margin and the top of the page. */
  box(x: number, y: number, width: number, height: number, colour: string): void {
    this.#document.setFillColor(colour).rect(MARGIN.side + x, y, width, height, 'F')
  }

  picture(canvas: HTMLCanvasElement, x: number, y: number, width: number, height: number): void {
    const jpeg = canvas.toDataURL('image/jpeg', 0.92)
    this.#document.addImage(jpeg, 'JPEG', MARGIN.side + x, y, width, height)
  }

  /** Write names and values in two columns. */
  pairs(pairs: readonly (readonly [name: string, value: string])[], nameWidth = 38): void {
    for (const [name, value] of pairs) {
      this.need(5)
      const top = this.#y
      this.text(name, { colour: MUTED, width: nameWidth - 3 })
      const nameEnd = this.#y
      this.#y = top
      this.text(value, { x: nameWidth })
      this.#y = Math.max(this.#y, nameEnd)
    }
  }

  /** Write the footer and number of every page, when all pages are complete. */
  finish(footer: string, pageOf: (page: number, pages: number) => string): Blob {
    const pages = this.#document.getNumberOfPages()
    for (let page = 1; page <= pages; page++) {
      this.#document.setPage(page)
      this.#document.setFont('helvetica', 'normal').setFontSize(8).setTextColor(MUTED)
      const y = PAGE.height - 11
      this.#document.text(footer, MARGIN.side, y)
      this.#document.text(pageOf(page, pages), PAGE.width - MARGIN.side, y, { align: 'right' })
    }
    return this.#document.output('blob')
  }
}

/** True if PDF's standard fonts have the text's characters (Windows-1252). */
const isInFont = (text: string) => /^[\n\x20-\x7e\xa0-\xff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]*$/.test(text)
