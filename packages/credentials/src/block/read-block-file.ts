import crypto from 'node:crypto'
import { FileUnreadableError, readBounded } from '../watch/read-bounded.ts'
import type { KnownEntry } from './block-entry.ts'
import { invalidList } from './errors.ts'

/** Bytes of a file: about 10,000 entries. YAML of this size takes about 0.3 s to read, JSON a tenth of that. */
export const MAX_BLOCK_BYTES = 1_000_000

const EXPECTED = 'a list of blocked certificates, YAML or JSON'

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
export async function readBlockFile (
  path: string, inForce?: string, signal?: AbortSignal
): Promise<BlockFileContent> {
  const bytes = await readBytes(path, signal)
  const digest = crypto.hash('sha256', bytes, 'base64')
  if (digest === inForce) return { digest, entries: undefined }
  // The YAML parser takes longer to load than the rest of this package. Most apps have no block list.
  const { readBlockList } = await import('./read-block-list.ts')
  return { digest, entries: readBlockList(bytes, path) }
}

async function readBytes (path: string, signal: AbortSignal | undefined): Promise<Buffer> {
  try {
    return await readBounded(path, { maxBytes: MAX_BLOCK_BYTES, signal })
  } catch (error) {
    if (!(error instanceof FileUnreadableError)) throw error
    const expected = error.isTooLarge ? `at most ${MAX_BLOCK_BYTES} bytes` : EXPECTED
    const what = `block (${path}): found ${error.found}; expected ${expected}`
    throw invalidList(error.isTooLarge ? 'too_large' : 'unreadable', what, error.cause)
  }
}
