import {
  describeSecret, defineOptions, FileUnreadableError, messageOf, readBounded, required, text, valueOf
} from '@peerkit/identity/internal'
import type { OptionSet, OptionType } from '@peerkit/identity/internal'
import { IssuerError, IssuerOptionError } from '../../errors.ts'

/** A token has about 100 characters, a token of Kubernetes about 1,500. */
const MAX_BYTES = 64 * 1024
/** What an HTTP header may hold. */
const READABLE = /^[\x21-\x7e]+$/

/** A secret: the value, a function that returns it, or a file with it. Functions and files are asked each time. */
export type SecretSource = string | (() => string | Promise<string>) | { readonly file: string }

const FILE: OptionSet = defineOptions<{ readonly file: string }>('secret', IssuerOptionError, {
  file: required(text('the path of a file'))
})

/** The option type of a {@link SecretSource}. Errors never show the value. */
export const secretSource: OptionType = valueOf(
  'a string, a function that returns one, or { file }',
  (value) => (typeof value === 'string' && value !== '') || typeof value === 'function' || isObject(value),
  describeSecret
)

/** Checks what {@link secretSource} does not. @throws IssuerOptionError */
export function checkSecretSource (value: SecretSource | undefined, path: string): void {
  if (isObject(value)) FILE.check(value, path)
}

function isObject (value: unknown): value is { readonly file: string } {
  return typeof value === 'object' && value !== null
}

/**
 * Reads a secret. White space around it is removed: files end with a line break.
 *
 * @param path the option, for errors
 * @throws IssuerError
 */
export async function readSecret (source: SecretSource, path: string, signal: AbortSignal): Promise<string> {
  const found = (await readSource(source, path, signal)).trim()
  if (READABLE.test(found)) return found
  const shown = found === '' ? 'empty' : `${describeSecret(found)} with characters that no secret has`
  const where = isObject(source) ? ` (file ${JSON.stringify(source.file)})` : ''
  throw new IssuerError('denied', `${path}${where} is ${shown}; expected a secret in printable ASCII`)
}

async function readSource (source: SecretSource, path: string, signal: AbortSignal): Promise<string> {
  if (typeof source === 'string') return source
  if (typeof source === 'function') {
    let found: unknown
    try {
      found = await source()
    } catch (error) {
      throw new IssuerError('denied', `${path}() failed: ${messageOf(error)}`, { cause: error })
    }
    if (typeof found === 'string') return found
    throw new IssuerError('denied', `${path}() returned ${describeSecret(found)}; expected a string`)
  }
  try {
    return (await readBounded(source.file, { maxBytes: MAX_BYTES, signal })).toString()
  } catch (error) {
    if (!(error instanceof FileUnreadableError)) throw error
    const detail = `${path}: cannot read ${JSON.stringify(source.file)}: found ${error.found}; expected a file`
    throw new IssuerError('denied', detail, { cause: error })
  }
}
