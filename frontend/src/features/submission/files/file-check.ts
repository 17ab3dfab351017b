import type { SubmissionLimits } from '@/shared/api/wire'
import type { ErrorCode } from '@/shared/lib/codes'

import { filesInArchive } from './archive-directory'

const LOCAL_ERRORS = [
  'empty_file',
  'wrong_format',
  'unreadable_file',
  'file_too_large',
  'archive_too_large',
] as const satisfies readonly ErrorCode[]
export type LocalErrorCode = (typeof LOCAL_ERRORS)[number]

export const isLocalError = (code: string) => LOCAL_ERRORS.some((known) => known === code)

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
  errorCode: LocalErrorCode | null
  isArchive: boolean
}

/**
 * Looks at a file's size and first bytes, and at how many films an archive holds.
 *
 * Args:
 *   limits: What the service takes; null as long as it has not said.
 */
export async function checkFile(file: File, limits: SubmissionLimits | null): Promise<FileCheck> {
  if (file.size === 0) return { errorCode: 'empty_file', isArchive: false }
  let head: string
  try {
    const bytes = new Uint8Array(await file.slice(0, SIGNATURE_BYTES).arrayBuffer())
    head = String.fromCharCode(...bytes)
  } catch {
    return { errorCode: 'unreadable_file', isArchive: false }
  }
  const begins = (start: string) => head.startsWith(start)
  if (ARCHIVES.some(begins)) {
    const isTooLarge = limits !== null && (await isArchiveTooLarge(file, limits))
    return { errorCode: isTooLarge ? 'archive_too_large' : null, isArchive: true }
  }
  if (OTHER_FORMATS.some(begins)) return { errorCode: 'wrong_format', isArchive: false }
  const isTooLarge = limits !== null && file.size > limits.max_upload_bytes
  return { errorCode: isTooLarge ? 'file_too_large' : null, isArchive: false }
}

async function isArchiveTooLarge(file: File, limits: SubmissionLimits): Promise<boolean> {
  if (file.size >= limits.max_request_bytes) return true
  const files = await filesInArchive(file).catch(() => null)
  return files !== null && files > limits.max_files
}
