import type { PeerIdentity } from '@peerkit/identity'
import { clock, defineOptions, flag, iso, span, valueOf, type OptionTypes } from '@peerkit/identity/internal'
import { OcspInvalidError, RevocationOptionError } from '../errors.ts'
import { describeCertIds, equalCertIds } from './ocsp-request.ts'
import { readOcspResponse, type OcspAnswer, type OcspResponse } from './ocsp-response.ts'
import { findOcspSigner, type OcspSigner } from './ocsp-signer.ts'

/** Limits on the age of an answer, in milliseconds. */
export interface OcspFreshness {
  /** How far in the future thisUpdate may be. Default 60,000. nextUpdate has no tolerance. */
  readonly clockSkew?: number
  /** Maximum age of an answer since thisUpdate, whatever its nextUpdate. Default 7 days. */
  readonly maxAge?: number
  /** How long after thisUpdate an answer without nextUpdate is valid. Default 300,000 (5 minutes). */
  readonly lifetime?: number
  /** Returns the current time in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

/** Options of {@link verifyOcspResponse}. */
export interface VerifyOcspOptions extends OcspFreshness {
  /** The nonce of the request. If the response has a nonce, it must be equal. */
  readonly nonce?: Uint8Array
  /** Whether the response must have the nonce. Default false. */
  readonly nonceRequired?: boolean
}

/** A verified answer about one certificate. Times are milliseconds since the epoch. */
export interface VerifiedOcsp {
  readonly state: 'good' | 'revoked' | 'unknown'
  /** The number of a CRLReason (RFC 5280 section 5.3.1). */
  readonly reason: number
  readonly revokedAt: number | undefined
  readonly thisUpdate: number
  /** When the answer expires. */
  readonly until: number
  readonly signer: OcspSigner
}

const DAY = 86_400_000

/** The types of the options of `OcspFreshness`. */
export const FRESHNESS: OptionTypes<OcspFreshness> = {
  clockSkew: span(0), maxAge: span(1000), lifetime: span(1000), now: clock
}
const OPTIONS = defineOptions<VerifyOcspOptions>('verifyOcspResponse', RevocationOptionError, {
  ...FRESHNESS,
  nonce: valueOf('bytes', (value) => value instanceof Uint8Array),
  nonceRequired: flag
})

/**
 * Verifies an OCSP response about a certificate (RFC 6960 section 3.2), also a stapled one: that it is about this
 * certificate, that an authorized responder signed it, and that it is fresh.
 *
 * @param der the response, DER
 * @param certificate the certificate that was asked about
 * @param issuer its issuer
 * @throws OcspInvalidError with `reason`, an {@link OcspInvalidReason}
 * @throws RevocationOptionError if an option is wrong
 * @example
 * ```ts
 * const stapled = Buffer.alloc(0) // the argument of a TLS socket's 'OCSPResponse' event
 * try {
 *   console.log(verifyOcspResponse(stapled, peer, parsePeerIdentity(ca.der)).state)
 * } catch (error) {
 *   console.log((error as { reason?: string }).reason) // malformed
 * }
 * ```
 */
export function verifyOcspResponse (
  der: Uint8Array,
  certificate: PeerIdentity,
  issuer: PeerIdentity,
  options: VerifyOcspOptions = {}
): VerifiedOcsp {
  OPTIONS.check(options)
  const freshness = freshnessOf(options)
  const now = freshness.now()
  const response = readOcspResponse(der)
  const signer = findSigner(response, issuer, now)
  checkNonce(response, options.nonce, options.nonceRequired ?? false)
  const { producedAt } = response
  if (producedAt > now + freshness.clockSkew) {
    throw new OcspInvalidError('not_yet_valid', `producedAt is ${iso(producedAt)}, in the future`)
  }
  const answers = findAnswers(response, certificate, issuer)
  const { state, reason, revokedAt, thisUpdate, until } = decide(answers, now, freshness)
  return { state, reason, revokedAt, thisUpdate, until, signer }
}

/** Fills in the defaults. */
export function freshnessOf (
  { clockSkew = 60_000, maxAge = 7 * DAY, lifetime = 300_000, now = Date.now }: OcspFreshness
): Required<OcspFreshness> {
  return { clockSkew, maxAge, lifetime, now }
}

/** The responder chooses the certificates in the response. If one cannot be parsed, the response is malformed. */
function findSigner (response: OcspResponse, issuer: PeerIdentity, now: number): OcspSigner {
  try {
    return findOcspSigner(response, issuer, now)
  } catch (error) {
    if (error instanceof OcspInvalidError || error instanceof RevocationOptionError) throw error
    throw new OcspInvalidError('malformed', error instanceof Error ? error.message : String(error), { cause: error })
  }
}

function checkNonce (response: OcspResponse, sent: Uint8Array | undefined, required: boolean): void {
  if (sent === undefined) return
  if (response.nonce === undefined) {
    if (required) throw new OcspInvalidError('nonce', 'it lacks the nonce')
    return
  }
  if (Buffer.compare(response.nonce, sent) !== 0) throw new OcspInvalidError('nonce', 'it has another nonce')
}

/** The answers about the certificate. A responder may use another hash than the request. */
function findAnswers ({ answers }: OcspResponse, certificate: PeerIdentity, issuer: PeerIdentity): OcspAnswer[] {
  if (certificate.serialNumber === undefined) throw mismatch('the certificate\'s serial number is not known')
  const wanted = describeCertIds(certificate, issuer)
  const fitting = answers.filter(({ certId }) => wanted.some((id) => equalCertIds(id, certId)))
  if (fitting.length === 0) throw mismatch(`none of its ${answers.length} answers is about the certificate`)
  return fitting
}

type TimedAnswer = OcspAnswer & { readonly until: number }

/**
 * Combines several answers about one certificate (one for each hash, for example). A `revoked` that is valid now
 * decides: refusing the response would make the status unknown, which a soft policy permits. Otherwise all must say
 * the same and be valid now, and the first to expire counts.
 */
function decide (answers: readonly OcspAnswer[], now: number, freshness: Required<OcspFreshness>): TimedAnswer {
  const revoked = answers.filter(({ state }) => state === 'revoked')
  if (revoked.length > 0) return findRevoked(revoked, now, freshness)
  if (answers.some(({ state }) => state !== answers[0]!.state)) {
    throw mismatch('one of its answers about the certificate says good, another unknown')
  }
  const timed = answers.map((answer) => ({ ...answer, until: checkTimes(answer, now, freshness) }))
  return timed.reduce((first, next) => next.until < first.until ? next : first)
}

/** The one that expires last, of those that are valid now. */
function findRevoked (revoked: readonly OcspAnswer[], now: number, freshness: Required<OcspFreshness>): TimedAnswer {
  let found: TimedAnswer | undefined
  let failure: unknown
  for (const answer of revoked) {
    try {
      const until = checkTimes(answer, now, freshness)
      if (found === undefined || until > found.until) found = { ...answer, until }
    } catch (error) {
      failure = error
    }
  }
  if (found === undefined) throw failure
  return found
}

/** When an answer expires. Throws if it is not valid now. */
function checkTimes (answer: OcspAnswer, now: number, freshness: Required<OcspFreshness>): number {
  const { clockSkew, maxAge, lifetime } = freshness
  if (answer.thisUpdate > now + clockSkew) {
    throw new OcspInvalidError('not_yet_valid', `thisUpdate is ${iso(answer.thisUpdate)}, in the future`)
  }
  const until = Math.min(answer.nextUpdate ?? answer.thisUpdate + lifetime, answer.thisUpdate + maxAge)
  if (answer.nextUpdate !== undefined && answer.nextUpdate < answer.thisUpdate) {
    throw new OcspInvalidError('stale', 'nextUpdate is before thisUpdate')
  }
  if (until <= now) throw new OcspInvalidError('stale', `it expired on ${iso(until)}`)
  return until
}

function mismatch (detail: string): Error {
  return new OcspInvalidError('certificate_mismatch', detail)
}
