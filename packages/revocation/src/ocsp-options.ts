import { anything, choice, count, duration, flag, func } from '@peerkit/identity/internal'
import type { OptionTypes } from '@peerkit/identity/internal'
import type { CertIdHash } from './ocsp-certid.ts'
import type { OcspQuestion } from './ocsp-client.ts'
import { FRESHNESS, freshnessOf, type OcspFreshness } from './ocsp-verify.ts'
import type { RevocationChecker } from './revocation-status.ts'

/** How a responder is asked. */
export interface OcspQuestionOptions extends OcspFreshness {
  /** Hash of the CertID. Default `sha1`: it only identifies the issuer, and every responder supports it. */
  readonly hash?: CertIdHash
  /**
   * `optional` (default): a nonce is sent, and if the response has one, it must be the same. `required`: the response
   * must have it; responders with prepared answers do not support this. `none`: only the times prove that the answer
   * is fresh.
   */
  readonly nonce?: 'none' | 'optional' | 'required'
  /** Timeout of a whole query, all its responders together, in milliseconds. Default 5,000. */
  readonly timeout?: number
  /** Maximum size of a response, in bytes. Default 65,536, at most 1 MiB. */
  readonly maxBytes?: number
  /**
   * Whether to refuse a delegated responder whose certificate lacks id-pkix-ocsp-nocheck, if there is no
   * `delegateChecker`. Default false: RFC 6960 leaves this to the client, and few private CAs set it.
   */
  readonly requireNoCheck?: boolean
  /** Checks the certificates of delegated responders, such as a CRL checker of the same issuer. */
  readonly delegateChecker?: RevocationChecker
  /** Default: the global `fetch`. It must support `signal` and `redirect`. */
  readonly fetch?: typeof fetch
}

/** The types of the options of `OcspQuestionOptions`. */
export const OCSP_QUESTION: OptionTypes<OcspQuestionOptions> = {
  ...FRESHNESS,
  hash: choice('sha1', 'sha256'),
  nonce: choice('none', 'optional', 'required'),
  timeout: duration({ least: 1 }),
  maxBytes: count({ least: 1 }),
  requireNoCheck: flag,
  delegateChecker: anything,
  fetch: func()
}

/** Fills in the defaults of options that were checked. */
export function compileQuestion (options: OcspQuestionOptions, signal: AbortSignal): OcspQuestion {
  const { hash = 'sha1', nonce = 'optional', timeout = 5_000, maxBytes = 1 << 16 } = options
  return {
    hash,
    nonce,
    timeout,
    maxBytes: Math.min(1 << 20, maxBytes),
    freshness: freshnessOf(options),
    requireNoCheck: options.requireNoCheck ?? false,
    delegateChecker: options.delegateChecker,
    fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
    signal
  }
}
