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

/** First bytes of a ZIP archive, and of an empty one. The service opens archives. */
const ARCHIVES = ['PK\x03\x04', 'PK\x05\x06']

/** First bytes of common wrong choices. A DICOM file without preamble may begin with anything else. */
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
  /** Reason for not sending the file; null if it may be a film, which the service decides. */
  errorCode: LocalErrorCode | null
  isArchive: boolean
}

/**
 * Check a file's size and first bytes, and the number of files in an archive.
 *
 * Args:
 *   limits: Limits of the service; null while unknown.
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
