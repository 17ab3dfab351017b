const PIXELS_PER_MM = 12
const MM_PER_POINT = 25.4 / 72
const LINE_HEIGHT = 1.35

interface TextPicture {
  png: string
  /** Width in millimetres. */
  width: number
  height: number
}

/** Draw a text on white in the browser's fonts, which have every script. */
export function textAsPicture(
  text: string,
  look: { size: number; isBold: boolean; colour: string; width: number },
): TextPicture {
  const fontPx = look.size * MM_PER_POINT * PIXELS_PER_MM
  const font = `${look.isBold ? 'bold ' : ''}${fontPx}px system-ui, sans-serif`
  const canvas = document.createElement('canvas')
  const context = canvas.getContext('2d')
  if (context === null) throw new Error('no canvas to write on')
  context.font = font
  const widthPx = Math.ceil(look.width * PIXELS_PER_MM)
  const lines = brokenLines(text, (part) => context.measureText(part).width <= widthPx)
  const linePx = Math.ceil(fontPx * LINE_HEIGHT)
  canvas.width = widthPx
  canvas.height = linePx * lines.length
  context.fillStyle = '#fff'
  context.fillRect(0, 0, canvas.width, canvas.height)
  // Setting the size resets the context.
  context.font = font
  context.fillStyle = look.colour
  lines.forEach((line, index) => context.fillText(line, 0, linePx * index + fontPx))
  return {
    png: canvas.toDataURL('image/png'),
    width: canvas.width / PIXELS_PER_MM,
    height: canvas.height / PIXELS_PER_MM,
  }
}

/** Break a text between any two letters: word breaks would need rules for each script. */
export function brokenLines(text: string, fits: (part: string) => boolean): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = []
    let line = ''
    for (const { segment } of new Intl.Segmenter().segment(paragraph)) {
      if (line !== '' && !fits(line + segment)) {
        lines.push(line)
        line = segment.trimStart()
      } else line += segment
    }
    return [...lines, line]
  })
}
