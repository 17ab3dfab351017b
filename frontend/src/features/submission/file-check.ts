const OBJECTIONS = ['empty_file', 'wrong_format', 'unreadable_file', 'archive_too_large'] as const
export type FileObjection = (typeof OBJECTIONS)[number]

export const isObjection = (code: string) => OBJECTIONS.some((known) => known === code)

/**
 * What a request may carry (`max_request_bytes` of the gateway, unless it was set otherwise). Only
 * an archive is as large, and to send that much in vain takes minutes.
 */
const MAX_ARCHIVE_BYTES = 2 * 2 ** 30

const SIGNATURE_BYTES = 16

/** How a ZIP archive begins, and one without files. The service opens it. */
const ARCHIVES = ['PK\x03\x04', 'PK\x05\x06']

/** First bytes of what people often pick by mistake. A DICOM file may begin with anything else. */
const OTHER_FORMATS = [
  '%PDF-',
  'GIF8',
  '\x1f\x8b', // gzip
  'Rar!',
  '7z\xbc\xaf',
  '<!DOCTYPE',
  '<html',
]

interface FileCheck {
  /** Why the file is not sent at all; null where it may be a film. The service has the last word. */
  objection: FileObjection | null
  isArchive: boolean
}

/** Looks at a file's size and first bytes. */
export async function checkFile(file: File): Promise<FileCheck> {
  if (file.size === 0) return { objection: 'empty_file', isArchive: false }
  let head: string
  try {
    const bytes = new Uint8Array(await file.slice(0, SIGNATURE_BYTES).arrayBuffer())
    head = String.fromCharCode(...bytes)
  } catch {
    return { objection: 'unreadable_file', isArchive: false }
  }
  const begins = (start: string) => head.startsWith(start)
  if (ARCHIVES.some(begins)) {
    const isTooLarge = file.size >= MAX_ARCHIVE_BYTES
    return { objection: isTooLarge ? 'archive_too_large' : null, isArchive: true }
  }
  return { objection: OTHER_FORMATS.some(begins) ? 'wrong_format' : null, isArchive: false }
}

/** What file managers leave in folders, and what DICOM media carry beside their films. */
const CLUTTER = /^(\..*|thumbs\.db|desktop\.ini|dicomdir|__macosx)$/i

export const isClutter = (name: string) => CLUTTER.test(name)
