import type { PeerIdentity } from '@peerkit/identity'
import { MTLS_ERR_OCSP_INVALID, MTLS_ERR_REVOCATION_OPTION, ocspInvalid } from './errors.ts'
import { checkFunction, checkKnownOptions, checkNumber } from './option-check.ts'
import { describeCertIds, equalCertIds } from './ocsp-certid.ts'
import { readOcspResponse, type OcspAnswer, type OcspResponse } from './ocsp-response.ts'
import { findOcspSigner, type OcspSigner } from './ocsp-signer.ts'

/** How old or early an answer may be; milliseconds. */
export interface OcspFreshness {
  /** How far ahead of ours the responder's clock may be. Default 60,000. nextUpdate is never stretched. */
  readonly clockSkew?: number
  /** An answer whose thisUpdate is longer ago is refused, whatever its nextUpdate. Default 7 days. */
  readonly maxAge?: number
  /** How long after thisUpdate an answer without nextUpdate counts. Default 300,000 (5 minutes). */
  readonly lifetime?: number
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

export interface VerifyOcspOptions extends OcspFreshness {
  /** The nonce that was sent: one that comes back must equal it. */
  readonly nonce?: Uint8Array
  /** Whether the nonce must come back. Default false. */
  readonly nonceRequired?: boolean
}

/** A verified answer about one certificate. */
export interface VerifiedOcsp {
  readonly state: 'good' | 'revoked' | 'unknown'
  /** The number of a CRLReason. */
  readonly reason: number
  readonly revokedAt: number | undefined
  readonly thisUpdate: number
  /** From when on it no longer counts. */
  readonly until: number
  readonly signer: OcspSigner
}

const DAY = 86_400_000
const known = ['clockSkew', 'maxAge', 'lifetime', 'now', 'nonce', 'nonceRequired'] as const

/**
 * Verifies an OCSP response (RFC 6960 section 3.2) about a certificate: that it is about it, who signed it, that this signer may, and that it is neither old nor
 * early. Also for a stapled one. Throws MTLS_ERR_OCSP_INVALID with `reason`.
 */
export function verifyOcspResponse (
  der: Uint8Array,
  certificate: PeerIdentity,
  issuer: PeerIdentity,
  options: VerifyOcspOptions = {}
): VerifiedOcsp {
  checkKnownOptions(options, known, 'verifyOcspResponse')
  const freshness = checkFreshness(options, 'verifyOcspResponse')
  const now = freshness.now()
  const response = readOcspResponse(der)
  const signer = findSigner(response, issuer, now)
  checkNonce(response, options.nonce, options.nonceRequired ?? false)
  const { producedAt } = response
  if (producedAt > now + freshness.clockSkew) {
    throw ocspInvalid('not_yet_valid', `producedAt is ${iso(producedAt)}, in the future`)
  }
  const answers = findAnswers(response, certificate, issuer)
  const { state, reason, revokedAt, thisUpdate, until } = decide(answers, now, freshness)
  return { state, reason, revokedAt, thisUpdate, until, signer }
}

/** Fills in the defaults. */
export function checkFreshness (options: OcspFreshness, where: string): Required<OcspFreshness> {
  checkFunction(options.now, `${where} now`)
  return {
    clockSkew: checkNumber(options.clockSkew, 60_000, `${where} clockSkew`),
    maxAge: checkNumber(options.maxAge, 7 * DAY, `${where} maxAge`, 1000),
    lifetime: checkNumber(options.lifetime, 300_000, `${where} lifetime`, 1000),
    now: options.now ?? Date.now
  }
}

/** What the certificates sent along look like is up to the responder: one that cannot be read is its failure. */
function findSigner (response: OcspResponse, issuer: PeerIdentity, now: number): OcspSigner {
  try {
    return findOcspSigner(response, issuer, now)
  } catch (error) {
    if (error instanceof MTLS_ERR_OCSP_INVALID || error instanceof MTLS_ERR_REVOCATION_OPTION) throw error
    throw ocspInvalid('malformed', error instanceof Error ? error.message : String(error), error)
  }
}

function checkNonce (response: OcspResponse, sent: Uint8Array | undefined, required: boolean): void {
  if (sent === undefined) return
  if (response.nonce === undefined) {
    if (required) throw ocspInvalid('nonce', 'it does not bring back the nonce')
    return
  }
  if (Buffer.compare(response.nonce, sent) !== 0) throw ocspInvalid('nonce', 'it brings back another nonce')
}

/** The answers about the certificate. A responder may hash with another algorithm than it was asked with. */
function findAnswers ({ answers }: OcspResponse, certificate: PeerIdentity, issuer: PeerIdentity): OcspAnswer[] {
  if (certificate.serialNumber === undefined) throw mismatch('the certificate\'s serial number is not known')
  const wanted = describeCertIds(certificate, issuer)
  const fitting = answers.filter(({ certId }) => wanted.some((id) => equalCertIds(id, certId)))
  if (fitting.length === 0) throw mismatch(`none of its ${answers.length} answers is about the certificate`)
  return fitting
}

type TimedAnswer = OcspAnswer & { readonly until: number }

/**
 * What several answers about one certificate say together (one for each hash, for example). One that says revoked in
 * its time decides: refusing the response instead would make it unknown, which a soft policy lets pass. Otherwise all
 * must say the same in their time, and the first to end counts.
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

/** The last to end of those that are in their time. */
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

/** When an answer ends. Throws where it is not in its time. */
function checkTimes (answer: OcspAnswer, now: number, freshness: Required<OcspFreshness>): number {
  const { clockSkew, maxAge, lifetime } = freshness
  if (answer.thisUpdate > now + clockSkew) {
    throw ocspInvalid('not_yet_valid', `thisUpdate is ${iso(answer.thisUpdate)}, in the future`)
  }
  const until = Math.min(answer.nextUpdate ?? answer.thisUpdate + lifetime, answer.thisUpdate + maxAge)
  if (answer.nextUpdate !== undefined && answer.nextUpdate < answer.thisUpdate) {
    throw ocspInvalid('stale', 'nextUpdate is before thisUpdate')
  }
  if (until <= now) throw ocspInvalid('stale', `it counted until ${iso(until)}`)
  return until
}

function mismatch (detail: string): Error {
  return ocspInvalid('certificate_mismatch', detail)
}

function iso (time: number): string {
  return new Date(time).toISOString()
}
