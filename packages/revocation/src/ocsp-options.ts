import { optionInvalid } from './errors.ts'
import type { CertIdHash } from './ocsp-certid.ts'
import type { OcspQuestion } from './ocsp-client.ts'
import { checkFreshness, type OcspFreshness } from './ocsp-verify.ts'
import { checkFunction, checkNumber } from './option-check.ts'
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

export const ocspQuestionOptions = [
  'hash', 'nonce', 'timeout', 'maxBytes', 'requireNoCheck', 'delegateChecker', 'fetch', 'clockSkew', 'maxAge',
  'lifetime', 'now'
] as const

export function compileQuestion (options: OcspQuestionOptions, where: string, signal: AbortSignal): OcspQuestion {
  const hash = options.hash ?? 'sha1'
  if (hash !== 'sha1' && hash !== 'sha256') {
    throw optionInvalid(`${where} hash is ${JSON.stringify(hash)}; expected "sha1" or "sha256"`)
  }
  const nonce = options.nonce ?? 'optional'
  if (!['none', 'optional', 'required'].includes(nonce)) {
    throw optionInvalid(`${where} nonce is ${JSON.stringify(nonce)}; expected "none", "optional" or "required"`)
  }
  checkFunction(options.fetch, `${where} fetch`)
  return {
    hash,
    nonce,
    timeout: checkNumber(options.timeout, 5000, `${where} timeout`, 1),
    maxBytes: Math.min(1 << 20, checkNumber(options.maxBytes, 1 << 16, `${where} maxBytes`, 1)),
    freshness: checkFreshness(options, where),
    requireNoCheck: options.requireNoCheck ?? false,
    delegateChecker: options.delegateChecker,
    fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
    signal
  }
}
