const OBJECTIONS = ['empty_file', 'wrong_format', 'unreadable_file'] as const
export type FileObjection = (typeof OBJECTIONS)[number]

export const isObjection = (code: string) => OBJECTIONS.some((known) => known === code)

const SIGNATURE_BYTES = 16

/** First bytes of what people often pick by mistake. A DICOM file may begin with anything else. */
const OTHER_FORMATS = [
  'PK\x03\x04', // ZIP, and every office document
  '%PDF-',
  'GIF8',
  '\x1f\x8b', // gzip
  'Rar!',
  '7z\xbc\xaf',
  '<!DOCTYPE',
  '<html',
]

/** Why a file is not sent at all; null where it may be a film. The service has the last word. */
export async function objectionTo(file: File): Promise<FileObjection | null> {
  if (file.size === 0) return 'empty_file'
  let head: string
  try {
    const bytes = new Uint8Array(await file.slice(0, SIGNATURE_BYTES).arrayBuffer())
    head = String.fromCharCode(...bytes)
  } catch {
    return 'unreadable_file'
  }
  return OTHER_FORMATS.some((start) => head.startsWith(start)) ? 'wrong_format' : null
}

/** What file managers leave in folders, and what DICOM media carry beside their films. */
const CLUTTER = /^(\..*|thumbs\.db|desktop\.ini|dicomdir|__macosx)$/i

export const isClutter = (name: string) => CLUTTER.test(name)
