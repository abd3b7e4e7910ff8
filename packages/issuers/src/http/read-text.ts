import { readBounded } from '@peerkit/identity/internal'
import type { FileUnreadableError } from '@peerkit/identity/internal'
import { IssuerError } from '../errors.ts'

/** Far more than a chain, a bundle of CAs or a token. */
const MAX_BYTES = 1 << 20

export interface TextFile {
  /** Who needs it, for errors. */
  readonly name: string
  /** The option that named it. */
  readonly option: string
  readonly path: string
  /** What is expected there. */
  readonly expected: string
  readonly signal: AbortSignal
}

/**
 * Reads a file that an option names.
 *
 * @throws IssuerError with the option, the path and what was found, or the reason of the signal
 */
export async function readText ({ path, signal, ...file }: TextFile): Promise<string> {
  try {
    return (await readBounded(path, { maxBytes: MAX_BYTES, signal })).toString()
  } catch (error) {
    signal.throwIfAborted()
    throw wrongFile({ ...file, path }, (error as FileUnreadableError).found, { cause: error })
  }
}

/** The error about a file whose content cannot be used. */
export function wrongFile (
  { name, option, path, expected }: Omit<TextFile, 'signal'>, found: string, options: ErrorOptions = {}
): IssuerError {
  return new IssuerError('refused', `${name}: ${option} (${path}): found ${found}; expected ${expected}`, options)
}
