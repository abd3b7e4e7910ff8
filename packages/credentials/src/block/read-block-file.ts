import crypto from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { KnownEntry } from './block-entry.ts'
import { invalidList } from './errors.ts'

/** Bytes of a file: about 10,000 entries. YAML of this size takes about 0.3 s to read, JSON a tenth of that. */
export const MAX_BLOCK_BYTES = 1_000_000

const EXPECTED = 'a list of blocked certificates, YAML or JSON'
const FOUND: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ELOOP: 'a loop of symbolic links',
  ENOTDIR: 'a file instead of a folder in the path'
}

/** What a file holds. */
export interface BlockFileContent {
  readonly digest: string
  /** Undefined if the content is the one in use. */
  readonly entries: readonly KnownEntry[] | undefined
}

/**
 * Reads the file.
 *
 * @param inForce the digest of the content in use, which is not parsed again
 * @throws MTLS_ERR_BLOCK_LIST_INVALID
 */
export async function readBlockFile (path: string, inForce?: string): Promise<BlockFileContent> {
  const bytes = await readBytes(path)
  const digest = crypto.hash('sha256', bytes, 'base64')
  if (digest === inForce) return { digest, entries: undefined }
  // The YAML parser takes longer to load than the rest of this package. Most apps have no block list.
  const { readBlockList } = await import('./read-block-list.ts')
  return { digest, entries: readBlockList(bytes, path) }
}

async function readBytes (path: string): Promise<Buffer> {
  try {
    // Checked before opening: opening a named pipe without a writer would block for ever.
    const info = await stat(path)
    if (info.isDirectory()) throw unreadable(path, 'a directory')
    if (!info.isFile()) throw unreadable(path, 'something that is not a regular file')
    checkSize(path, info.size)
    const bytes = await readFile(path)
    checkSize(path, bytes.length)
    return bytes
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'MTLS_ERR_BLOCK_LIST_INVALID') throw error
    throw unreadable(path, FOUND[code] ?? (code || 'an unknown error'), error)
  }
}

function checkSize (path: string, size: number): void {
  if (size <= MAX_BLOCK_BYTES) return
  throw invalidList('too_large', `block (${path}): found ${size} bytes; expected at most ${MAX_BLOCK_BYTES}`)
}

function unreadable (path: string, found: string, cause?: unknown): Error {
  return invalidList('unreadable', `block (${path}): found ${found}; expected ${EXPECTED}`, cause)
}
