import { expect, test } from 'vitest'

import { LIMITS } from '@/testing/wire'

import { filesInArchive } from './archive-directory'
import { checkFile } from './file-check'

/** A ZIP archive of empty files, with a comment at its end. */
function archiveOf(names: readonly string[], comment = ''): File {
  const encoded = names.map((name) => new TextEncoder().encode(name))
  const locals = encoded.map((name) => record(30, 'PK\x03\x04', { 26: name.length }, name))
  const entries = encoded.map((name) => record(46, 'PK\x01\x02', { 28: name.length }, name))
  const offset = lengthOf(locals)
  const size = lengthOf(entries)
  const last = record(22, 'PK\x05\x06', { 10: names.length, 12: size, 16: offset })
  return new File([...locals, ...entries, last, comment], 'films.zip')
}

function record(
  bytes: number,
  signature: string,
  values: Record<number, number>,
  name = new Uint8Array(),
): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(bytes + name.length)
  all.set(new TextEncoder().encode(signature))
  for (const [at, value] of Object.entries(values)) {
    new DataView(all.buffer).setUint16(Number(at), value, true)
  }
  all.set(name, bytes)
  return all
}

const lengthOf = (parts: readonly Uint8Array[]) =>
  parts.reduce((sum, { length }) => sum + length, 0)

const film = (bytes: number) => new File([new Uint8Array(bytes).fill(7)], 'film.dcm')

test('files in an archive are counted without folders and system files', async () => {
  const archive = archiveOf([
    'night/',
    'night/a.dcm',
    'night/ä.dcm',
    '__MACOSX/night/._a.dcm',
    '.DS_Store',
  ])

  expect(await filesInArchive(archive)).toBe(2)
})

test('a comment at the end of an archive does not hide its directory', async () => {
  expect(await filesInArchive(archiveOf(['a.dcm'], 'x'.repeat(60_000)))).toBe(1)
})

test('an archive without a directory is left to the service', async () => {
  const cut = new File(['PK\x03\x04', new Uint8Array(500)], 'cut.zip')

  expect(await filesInArchive(cut)).toBeNull()
  expect(await checkFile(cut, LIMITS)).toEqual({ errorCode: null, isArchive: true })
})

test('an archive of more films than a submission may carry is not sent', async () => {
  const limits = { ...LIMITS, max_files: 3 }
  const [few, many] = [3, 4].map((n) => archiveOf(Array.from({ length: n }, (_, i) => `${i}.dcm`)))

  expect(few && (await checkFile(few, limits)).errorCode).toBeNull()
  expect(many && (await checkFile(many, limits)).errorCode).toBe('archive_too_large')
})

test('a film larger than the service takes is not sent', async () => {
  const limits = { ...LIMITS, max_upload_bytes: 100 }

  expect((await checkFile(film(100), limits)).errorCode).toBeNull()
  expect((await checkFile(film(101), limits)).errorCode).toBe('file_too_large')
})

test('while the limits are unknown, no file is refused for its size', async () => {
  expect((await checkFile(film(100), null)).errorCode).toBeNull()
})
