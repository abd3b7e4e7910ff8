import { randomBytes } from 'node:crypto'
import type { PeerIdentity } from '@peerkit/identity'
import { TAG } from '@peerkit/identity/der'
import { anything, choice, count, duration, flag, func, type OptionTypes } from '@peerkit/identity/internal'
import { EXTENSION } from '@peerkit/identity/x509'
import { OcspInvalidError, OcspUnavailableError } from '../errors.ts'
import { checkUrl, compileUrlFilter, type CertificateUrlOptions, type Redirects } from '../fetch/allowed-urls.ts'
import { fetchBounded } from '../fetch/fetch-bounded.ts'
import { checkChain } from '../policy/check-chain.ts'
import type { RevocationChecker } from '../policy/revocation-status.ts'
import { DerSequence, extensionOf, readOid, readUri } from '../x509/der.ts'
import { describeCertId, writeOcspRequest, type CertIdHash } from './ocsp-request.ts'
import { FRESHNESS, freshnessOf, verifyOcspResponse, type OcspFreshness, type VerifiedOcsp } from './ocsp-verify.ts'

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

/** The options with their defaults: how a responder is asked, and what its answer must satisfy. */
export interface OcspQuestion {
  readonly hash: CertIdHash
  readonly nonce: 'none' | 'optional' | 'required'
  /** Timeout for all URLs together, in milliseconds. */
  readonly timeout: number
  readonly maxBytes: number
  readonly freshness: Required<OcspFreshness>
  readonly requireNoCheck: boolean
  readonly delegateChecker: RevocationChecker | undefined
  readonly fetch: typeof fetch | undefined
  readonly signal: AbortSignal
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
    fetch: options.fetch,
    signal
  }
}

/** The responders of a certificate, in the order in which they are asked. */
export type ResponderUrls = (certificate: PeerIdentity, issuer: PeerIdentity) => readonly string[]

/**
 * Compiles the options that say which responders are asked: those that are configured, then those in the certificate.
 *
 * @param where the name of the option that has the configured ones
 */
export function compileResponders (
  urls: string | readonly string[] | ResponderUrls | undefined,
  where: string,
  allowed: CertificateUrlOptions | undefined
): ResponderUrls {
  const filter = compileUrlFilter(allowed, 'allowCertificateUrls')
  const choose = typeof urls === 'function' ? urls : undefined
  const fixed = listOf(urls).map((url) => checkUrl(url, where))
  return (certificate, issuer) => {
    const configured = choose?.(certificate, issuer).map((url) => checkUrl(url, `${where}()`)) ?? fixed
    return [...configured, ...filter(allowed === undefined ? [] : readOcspUris(certificate))]
  }
}

function listOf (urls: string | readonly string[] | ResponderUrls | undefined): readonly string[] {
  if (urls === undefined || typeof urls === 'function') return []
  return typeof urls === 'string' ? [urls] : urls
}

/** The OCSP responders that a certificate names (authority information access, RFC 5280 section 4.2.2.1). */
function readOcspUris (certificate: PeerIdentity): string[] {
  const value = extensionOf(certificate, EXTENSION.authorityInfoAccess)
  if (value === undefined) return []
  const uris: string[] = []
  const list = DerSequence.of(value, TAG.sequence)
  while (!list.done && uris.length < MAX_URIS) {
    const access = list.open(TAG.sequence)
    const uri = readOid(access) === ID_AD_OCSP ? readUri(access) : undefined
    if (uri !== undefined) uris.push(uri)
  }
  return uris
}

const ID_AD_OCSP = '1.3.6.1.5.5.7.48.1'
const MAX_URIS = 32

/** A POST is not repeated elsewhere. */
const NO_REDIRECTS: Redirects = { origins: undefined, advice: () => 'give that URL to the checker' }

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
  let failure: unknown = new OcspUnavailableError('no_url', `no responder is known for ${String(certificate)}`)
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
    throw new OcspInvalidError(
      'responder_status',
      'the responder says malformedRequest; it may not accept the nonce: try the option nonce: \'none\', with which ' +
        'only the times of an answer prove that it is fresh',
      { cause: error }
    )
  }
}

/** Whether a responder could not read the request (RFC 6960 section 4.2.1). */
function isMalformedRequest (error: unknown): boolean {
  return error instanceof OcspInvalidError && error.responderStatus === 'malformedRequest'
}

async function postRequest (
  url: string,
  body: Uint8Array,
  { timeout, maxBytes, fetch, signal }: OcspQuestion
): Promise<Uint8Array> {
  const response = await fetchBounded(url, {
    method: 'POST',
    headers: { 'content-type': 'application/ocsp-request', accept: 'application/ocsp-response' },
    body,
    timeout,
    maxBytes,
    redirects: NO_REDIRECTS,
    fetch,
    signal,
    Unavailable: OcspUnavailableError
  })
  return response.body
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
    const checked = checkChain(delegateChecker, signer.identity, { chain: [issuer], now: freshness.now })
    const { state, permitted } = await checked
    if (!permitted) throw new OcspInvalidError('signer_not_authorized', `the signer ${who} is ${state}`)
  } else if (requireNoCheck) {
    const message = `the certificate of the signer ${who} lacks id-pkix-ocsp-nocheck`
    throw new OcspInvalidError('signer_not_authorized', message)
  }
}
