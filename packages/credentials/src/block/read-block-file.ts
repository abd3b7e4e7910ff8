import crypto from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { KnownEntry } from './block-entry.ts'
import { invalidList } from './errors.ts'
import { readBlockList } from './read-list.ts'

/** Octets of a file: some 10,000 entries. YAML of this size takes some 0.3 s to read, JSON a tenth of that. */
export const MAX_BLOCK_BYTES = 1_000_000

const EXPECTED = 'a list of blocked certificates, YAML or JSON'
const FOUND: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ELOOP: 'a circle of symbolic links',
  ENOTDIR: 'a file where a folder should be'
}

/** What a file holds. */
export interface BlockFileContent {
  readonly digest: string
  /** Undefined where the content is the one in force. */
  readonly entries: readonly KnownEntry[] | undefined
}

/**
 * Reads the file.
 *
 * @param inForce digest of the content in force, which is not read again
 * @throws MTLS_ERR_BLOCK_LIST_INVALID
 */
export async function readBlockFile (path: string, inForce?: string): Promise<BlockFileContent> {
  const bytes = await readBytes(path)
  const digest = crypto.hash('sha256', bytes, 'base64')
  return { digest, entries: digest === inForce ? undefined : readBlockList(bytes, path) }
}

async function readBytes (path: string): Promise<Buffer> {
  try {
    // Before it is opened: a named pipe without a writer would never open.
    const info = await stat(path)
    if (!info.isFile()) throw unreadable(path, info.isDirectory() ? 'a directory' : 'something that is no regular file')
    checkSize(path, info.size)
    const bytes = await readFile(path)
    checkSize(path, bytes.length)
    return bytes
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'MTLS_ERR_BLOCK_LIST_INVALID') throw error
    throw unreadable(path, FOUND[code] ?? (code || 'an unknown failure'), error)
  }
}

function checkSize (path: string, size: number): void {
  if (size <= MAX_BLOCK_BYTES) return
  throw invalidList('too_large', `block (${path}): found ${size} octets; expected at most ${MAX_BLOCK_BYTES}`)
}

function unreadable (path: string, found: string, cause?: unknown): Error {
  return invalidList('unreadable', `block (${path}): found ${found}; expected ${EXPECTED}`, cause)
}
