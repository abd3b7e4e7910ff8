import { setImmediate as nextTurn } from 'node:timers/promises'
import { CrlInvalidError } from '../errors.ts'
import type { CrlIndex } from './crl-index.ts'
import { readCrls, type ParseCrlOptions, type Steps } from './crl-reader.ts'

/**
 * Size up to which CRLs are parsed synchronously, in bytes: 1 MiB, about 25,000 entries, which block the event loop
 * for some 10 ms.
 */
export const SYNC_CRL_BYTES: number = 1 << 20

/** Default maximum size of a CRL, in bytes: 128 MiB, three million entries. */
export const MAX_CRL_BYTES: number = 128 << 20

/** Options of {@link loadCrl} and {@link loadCrls}. */
export interface LoadCrlOptions extends ParseCrlOptions {
  /** Yields to the event loop between slices. Default: `setImmediate`. */
  readonly pause?: () => Promise<unknown>
}

/**
 * Parses one CRL synchronously (RFC 5280 section 5).
 *
 * @param crl DER or PEM, at most `maxBytes`
 * @throws CrlInvalidError with `reason`, a {@link CrlInvalidReason}
 * @example
 * ```ts
 * const list = parseCrl((await ca.crl()).pem, { issuers: [parsePeerIdentity(ca.der)] })
 * console.log(list.has(peer.serialNumber!), new Date(list.nextUpdate)) // false …
 * ```
 */
export function parseCrl (crl: string | Uint8Array, options: ParseCrlOptions = {}): CrlIndex {
  return onlyOne(parseCrls(crl, options))
}

/**
 * Parses every CRL of a PEM text, or one DER, synchronously.
 *
 * @param crl DER or PEM, at most `maxBytes`
 * @throws CrlInvalidError with `reason`, a {@link CrlInvalidReason}
 * @example
 * ```ts
 * const lists = parseCrls((await ca.crl()).pem)
 * console.log(lists.map((list) => list.size)) // [ 0 ]
 * ```
 */
export function parseCrls (crl: string | Uint8Array, options: ParseCrlOptions = {}): CrlIndex[] {
  const maxBytes = options.maxBytes ?? SYNC_CRL_BYTES
  if (crl.length > maxBytes) {
    throw new CrlInvalidError(
      'too_large_for_sync',
      `it has ${crl.length} bytes; at most ${maxBytes} are parsed synchronously: use loadCrl, loadCrlChecker or load()`
    )
  }
  const steps = readCrls(crl, options)
  let step = steps.next()
  while (step.done !== true) {
    if (step.value !== undefined) {
      throw new CrlInvalidError(
        'too_large_for_sync',
        'its signature cannot be verified synchronously: use loadCrl, loadCrlChecker or load()'
      )
    }
    step = steps.next()
  }
  return step.value
}

/**
 * Loads one CRL of any size without blocking the event loop for more than a few milliseconds at a time. Do not
 * modify the buffer until the promise settles.
 *
 * @param crl DER or PEM, at most `maxBytes`
 * @throws CrlInvalidError (as a rejection) with `reason`, a {@link CrlInvalidReason}
 * @example
 * ```ts
 * const list = await loadCrl((await ca.crl()).pem, { issuers: [parsePeerIdentity(ca.der)] })
 * console.log(list.find(peer.serialNumber!)) // undefined
 * ```
 */
export async function loadCrl (crl: string | Uint8Array, options: LoadCrlOptions = {}): Promise<CrlIndex> {
  return onlyOne(await loadCrls(crl, options))
}

/**
 * Loads every CRL of a PEM text, or one DER, as {@link loadCrl} does.
 *
 * @param crl DER or PEM, at most `maxBytes`
 * @throws CrlInvalidError (as a rejection) with `reason`, a {@link CrlInvalidReason}
 * @example
 * ```ts
 * const lists = await loadCrls((await ca.crl()).pem, { issuers: [parsePeerIdentity(ca.der)] })
 * console.log(lists.length) // 1
 * ```
 */
export async function loadCrls (crl: string | Uint8Array, options: LoadCrlOptions = {}): Promise<CrlIndex[]> {
  const maxBytes = options.maxBytes ?? MAX_CRL_BYTES
  if (crl.length > maxBytes) {
    throw new CrlInvalidError('too_large', `it has ${crl.length} bytes; at most ${maxBytes} are allowed`)
  }
  return await runSteps(readCrls(crl, options), options.pause ?? nextTurn)
}

async function runSteps<Result> (steps: Steps<Result>, pause: () => Promise<unknown>): Promise<Result> {
  let step = steps.next()
  while (step.done !== true) {
    await (step.value ?? pause())
    step = steps.next()
  }
  return step.value
}

function onlyOne (indexes: CrlIndex[]): CrlIndex {
  if (indexes.length !== 1) throw new CrlInvalidError('malformed', `it has ${indexes.length} CRLs; expected one`)
  return indexes[0]!
}
