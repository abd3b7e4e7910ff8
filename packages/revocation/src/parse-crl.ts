import type { PeerIdentity } from '@peerkit/identity'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CrlIndex } from './crl-index.ts'
import { readCrls, type ForeignCrl, type Steps } from './crl-reader.ts'
import { crlInvalid } from './errors.ts'

/** Octets that are parsed at once: about 25,000 entries, which block the event loop for some 10 ms. */
export const SYNC_CRL_BYTES: number = 1 << 20

/** The largest CRL that is loaded unless another bound is given: 128 MiB, three million entries. */
export const MAX_CRL_BYTES: number = 128 << 20

export interface ParseCrlOptions {
  /** The CAs of which one must have signed it. Left out, nothing is verified, and no checker takes the index. */
  readonly issuers?: readonly PeerIdentity[]
  /**
   * Told the issuer (DER of its name) of each CRL of none of the issuers, which is then left out. Left out itself, such
   * a CRL is refused.
   */
  readonly onForeign?: (issuer: Uint8Array, foreign: ForeignCrl) => void
  /** CAs that counted before: a CRL by one of them is told to `onForeign`, though one of the issuers has its name. */
  readonly formerIssuers?: readonly PeerIdentity[]
  /** Octets. Default: {@link SYNC_CRL_BYTES} for `parseCrl`, {@link MAX_CRL_BYTES} for `loadCrl`. */
  readonly maxBytes?: number
}

export interface LoadCrlOptions extends ParseCrlOptions {
  /** Gives the event loop its turn. Default: `setImmediate`. */
  readonly pause?: () => Promise<unknown>
}

/**
 * Parses one CRL, DER or PEM, at once (RFC 5280 section 5). Throws MTLS_ERR_CRL_INVALID with `reason`.
 */
export function parseCrl (crl: string | Uint8Array, options: ParseCrlOptions = {}): CrlIndex {
  return onlyOne(parseCrls(crl, options))
}

/** Parses every CRL of a PEM text, or a DER, at once. */
export function parseCrls (crl: string | Uint8Array, options: ParseCrlOptions = {}): CrlIndex[] {
  const maxBytes = options.maxBytes ?? SYNC_CRL_BYTES
  if (crl.length > maxBytes) {
    throw crlInvalid(
      'too_large_for_sync',
      `it has ${crl.length} octets, at most ${maxBytes} are parsed at once: use loadCrl, loadCrlChecker or load()`
    )
  }
  const steps = readCrls(crl, options)
  let step = steps.next()
  while (step.done !== true) {
    if (step.value !== undefined) {
      throw crlInvalid(
        'too_large_for_sync',
        'its signature takes a thread to verify: use loadCrl, loadCrlChecker or load()'
      )
    }
    step = steps.next()
  }
  return step.value
}

/**
 * Loads one CRL of any size without blocking the event loop for more than a few milliseconds at a time. The octets must not be written to until
 * it is done. Rejects with MTLS_ERR_CRL_INVALID with `reason`.
 */
export async function loadCrl (crl: string | Uint8Array, options: LoadCrlOptions = {}): Promise<CrlIndex> {
  return onlyOne(await loadCrls(crl, options))
}

/** Loads every CRL of a PEM text, or a DER, as `loadCrl` does. */
export async function loadCrls (crl: string | Uint8Array, options: LoadCrlOptions = {}): Promise<CrlIndex[]> {
  const maxBytes = options.maxBytes ?? MAX_CRL_BYTES
  if (crl.length > maxBytes) {
    throw crlInvalid('too_large', `it has ${crl.length} octets, at most ${maxBytes} are allowed`)
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
  if (indexes.length !== 1) throw crlInvalid('malformed', `${indexes.length} CRLs where one is expected`)
  return indexes[0]!
}
