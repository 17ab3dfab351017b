import { isClutter } from './clutter'

/** Of the record at an archive's end: its length without a comment, and with the longest one. */
const END_BYTES = 22
const MOST_END_BYTES = END_BYTES + 0xffff
const END_SIGNATURE = 0x06054b50

const ENTRY_BYTES = 46
const ENTRY_SIGNATURE = 0x02014b50

/** A directory of this size names some hundred thousand files. */
const MOST_DIRECTORY_BYTES = 32 * 2 ** 20

/**
 * How many files a ZIP archive holds, without folders and what file managers leave.
 *
 * By its directory alone (APPNOTE.TXT 4.3.12 and 4.3.16), so that an archive of any size is counted
 * at once. Null where that cannot be read: the service looks closer.
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
