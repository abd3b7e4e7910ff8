import { optionInvalid } from './errors.ts'
import type { CertIdHash } from './ocsp-certid.ts'
import type { OcspQuestion } from './ocsp-client.ts'
import { checkFreshness, type OcspFreshness } from './ocsp-verify.ts'
import { checkFunction, checkNumber } from './option-check.ts'
import type { RevocationChecker } from './revocation-status.ts'

export interface OcspQuestionOptions extends OcspFreshness {
  /** What the CertID is hashed with. Default `sha1`, which every responder knows and which only names the issuer here. */
  readonly hash?: CertIdHash
  /**
   * `optional` (default): one is sent, and if one comes back it must be ours. `required`: it must come back, as responders with prepared answers do not do. `none`: freshness is
   * by the times alone.
   */
  readonly nonce?: 'none' | 'optional' | 'required'
  /** Milliseconds for a whole question, all its responders together. Default 5,000. */
  readonly timeout?: number
  /** Octets of a response. Default 65,536, at most 1 MiB. */
  readonly maxBytes?: number
  /** Refuses answers of a delegated responder whose certificate lacks id-pkix-ocsp-nocheck, where there is no `delegateChecker`. Default false: RFC 6960 leaves it to us, and few private CAs set it. */
  readonly requireNoCheck?: boolean
  /** Says whether a delegated responder's own certificate counts, such as a CRL checker of the same issuer. */
  readonly delegateChecker?: RevocationChecker
  /** Default: the global `fetch`. It must heed `signal` and `redirect`. */
  readonly fetch?: typeof fetch
}

export const ocspQuestionOptions = [
  'hash', 'nonce', 'timeout', 'maxBytes', 'requireNoCheck', 'delegateChecker', 'fetch', 'clockSkew', 'maxAge',
  'lifetime', 'now'
] as const

export function compileQuestion (options: OcspQuestionOptions, where: string, signal: AbortSignal): OcspQuestion {
  const hash = options.hash ?? 'sha1'
  if (hash !== 'sha1' && hash !== 'sha256') {
    throw optionInvalid(`${where} hash is ${JSON.stringify(hash)}, expected "sha1" or "sha256"`)
  }
  const nonce = options.nonce ?? 'optional'
  if (!['none', 'optional', 'required'].includes(nonce)) {
    throw optionInvalid(`${where} nonce is ${JSON.stringify(nonce)}, expected "none", "optional" or "required"`)
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
