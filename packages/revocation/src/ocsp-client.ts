import type { PeerIdentity } from '@peerkit/identity'
import { randomBytes } from 'node:crypto'
import { checkChain } from './check-chain.ts'
import { ocspInvalid, ocspUnavailable } from './errors.ts'
import { BoundedFetchError, fetchBounded } from './fetch-bounded.ts'
import { describeCertId, writeOcspRequest, type CertIdHash } from './ocsp-certid.ts'
import { verifyOcspResponse, type OcspFreshness, type VerifiedOcsp } from './ocsp-verify.ts'
import type { Redirects } from './redirects.ts'
import type { RevocationChecker } from './revocation-status.ts'

/** A POST is not repeated elsewhere. */
const NO_REDIRECTS: Redirects = { origins: undefined, advice: () => 'give that URL to the checker' }

/** How a responder is asked, and what its answer must satisfy. */
export interface OcspQuestion {
  readonly hash: CertIdHash
  readonly nonce: 'none' | 'optional' | 'required'
  /** Timeout for all URLs together, in milliseconds. */
  readonly timeout: number
  readonly maxBytes: number
  readonly freshness: Required<OcspFreshness>
  readonly requireNoCheck: boolean
  readonly delegateChecker: RevocationChecker | undefined
  readonly fetch: typeof fetch
  readonly signal: AbortSignal
}

/** A verified answer, and the response it comes from. */
export interface OcspReply {
  readonly verified: VerifiedOcsp
  readonly der: Uint8Array
  readonly url: string
}

/** Asks the responders in order until one gives a valid answer. If none does, rejects with the last error. */
export async function askResponders (
  urls: readonly string[],
  certificate: PeerIdentity,
  issuer: PeerIdentity,
  question: OcspQuestion
): Promise<OcspReply> {
  let failure: unknown = ocspUnavailable('no_url', `no responder is known for ${String(certificate)}`)
  const end = performance.now() + question.timeout
  for (const url of urls) {
    const timeout = Math.ceil(end - performance.now())
    if (timeout <= 0) break
    try {
      return await askResponder(url, certificate, issuer, { ...question, timeout })
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

async function askResponder (
  url: string,
  certificate: PeerIdentity,
  issuer: PeerIdentity,
  question: OcspQuestion
): Promise<OcspReply> {
  // 32 bytes (RFC 9654 section 2.1).
  const nonce = question.nonce === 'none' ? undefined : randomBytes(32)
  const certId = describeCertId(certificate, issuer, question.hash)
  const der = await postRequest(url, writeOcspRequest(certId, nonce), question)
  const verified = verifyReply(der, certificate, issuer, { nonce, question })
  await checkDelegate(verified, issuer, question)
  return { verified, der, url }
}

function verifyReply (
  der: Uint8Array,
  certificate: PeerIdentity,
  issuer: PeerIdentity,
  { nonce, question }: { readonly nonce: Uint8Array | undefined, readonly question: OcspQuestion }
): VerifiedOcsp {
  try {
    return verifyOcspResponse(der, certificate, issuer, {
      ...question.freshness,
      ...(nonce === undefined ? {} : { nonce }),
      nonceRequired: question.nonce === 'required'
    })
  } catch (error) {
    if (nonce === undefined || !isMalformedRequest(error)) throw error
    // Nothing else in the request is unusual: some responders refuse every nonce, or one of 32 bytes.
    throw ocspInvalid(
      'responder_status',
      'the responder says malformedRequest; it may not accept the nonce: try the option nonce: \'none\', with which ' +
        'only the times of an answer prove that it is fresh',
      error
    )
  }
}

/** Whether a responder could not read the request (RFC 6960 section 4.2.1). */
function isMalformedRequest (error: unknown): boolean {
  const { reason, status } = error as { reason?: unknown, status?: unknown }
  return reason === 'responder_status' && status === 'malformedRequest'
}

async function postRequest (
  url: string,
  body: Uint8Array,
  { timeout, maxBytes, fetch, signal }: OcspQuestion
): Promise<Uint8Array> {
  try {
    const headers = { 'content-type': 'application/ocsp-request', accept: 'application/ocsp-response' }
    const request = {
      method: 'POST', headers, body, timeout, maxBytes, redirects: NO_REDIRECTS, fetch, signal
    } as const
    return (await fetchBounded(url, request)).body
  } catch (error) {
    throw error instanceof BoundedFetchError ? ocspUnavailable(error.reason, error.message, error) : error
  }
}

/**
 * Without id-pkix-ocsp-nocheck, the delegated responder's certificate may be revoked itself (RFC 6960 section
 * 4.2.2.2.1).
 */
async function checkDelegate (
  { signer }: VerifiedOcsp,
  issuer: PeerIdentity,
  { delegateChecker, requireNoCheck, freshness }: OcspQuestion
): Promise<void> {
  if (!signer.delegated || signer.noCheck) return
  const who = String(signer.identity)
  if (delegateChecker !== undefined) {
    const { state, permitted } = await checkChain(delegateChecker, signer.identity, { chain: [issuer], now: freshness.now })
    if (!permitted) throw ocspInvalid('signer_not_authorized', `the signer ${who} is ${state}`)
  } else if (requireNoCheck) {
    throw ocspInvalid('signer_not_authorized', `the certificate of the signer ${who} lacks id-pkix-ocsp-nocheck`)
  }
}
