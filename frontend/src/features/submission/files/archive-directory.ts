import { isClutter } from './clutter'

/** Length of the end record without a comment, and with the longest one. */
const END_BYTES = 22
const MOST_END_BYTES = END_BYTES + 0xffff
const END_SIGNATURE = 0x06054b50

const ENTRY_BYTES = 46
const ENTRY_SIGNATURE = 0x02014b50

/** Largest directory that is read: a few hundred thousand files. */
const MOST_DIRECTORY_BYTES = 32 * 2 ** 20

/**
 * Count the files of a ZIP archive, without folders and system files.
 *
 * From its directory alone (APPNOTE.TXT 4.3.12 and 4.3.16), so that large archives are counted at
 * once. Returns null if the directory cannot be read: the service examines the archive.
 */
export async function filesInArchive(file: Blob): Promise<number | null> {
  const end = await lastRecord(file)
  if (end === null) return null
  const size = end.getUint32(12, true)
  const offset = end.getUint32(16, true)
  if (size > MOST_DIRECTORY_BYTES || offset + size > file.size) return null
  const directory = new DataView(await file.slice(offset, offset + size).arrayBuffer())
  let files = 0
  let at = 0
  while (at + ENTRY_BYTES <= size && directory.getUint32(at, true) === ENTRY_SIGNATURE) {
    const nameBytes = directory.getUint16(at + 28, true)
    const more = directory.getUint16(at + 30, true) + directory.getUint16(at + 32, true)
    const nameEnd = Math.min(size, at + ENTRY_BYTES + nameBytes)
    const name = new TextDecoder().decode(
      new Uint8Array(directory.buffer, at + ENTRY_BYTES, nameEnd - at - ENTRY_BYTES),
    )
    if (!name.endsWith('/') && !name.split('/').some(isClutter)) files += 1
    at += ENTRY_BYTES + nameBytes + more
  }
  return files
}

async function lastRecord(file: Blob): Promise<DataView | null> {
  const tail = await file.slice(Math.max(0, file.size - MOST_END_BYTES)).arrayBuffer()
  const bytes = new DataView(tail)
  for (let at = tail.byteLength - END_BYTES; at >= 0; at--) {
    if (bytes.getUint32(at, true) === END_SIGNATURE) return new DataView(tail, at)
  }
  return null
}
