import { endOfValidity, type PeerIdentity } from '@peerkit/identity'
import { WakeAt, anything, count, defineOptions, list, span } from '@peerkit/identity/internal'
import { LRUCache } from 'lru-cache'
import { checkUrl, compileUrlFilter, type CertificateUrlOptions } from './allowed-urls.ts'
import { readOcspUris } from './distribution-points.ts'
import { Epoch } from './epoch.ts'
import { MTLS_ERR_OCSP_INVALID, MTLS_ERR_REVOCATION_OPTION, ocspInvalid, ocspUnavailable } from './errors.ts'
import { findIssuer } from './find-issuer.ts'
import { Endings, type OcspEntry } from './ocsp-cache.ts'
import { askResponders, type OcspQuestion, type OcspReply } from './ocsp-client.ts'
import { OCSP_QUESTION, compileQuestion, type OcspQuestionOptions } from './ocsp-options.ts'
import { failureText, plainPart, plainText } from './plain-text.ts'
import { reportFailed, reportRefreshed } from './reports.ts'
import { compilePolicy, type Permits, type RevocationPolicy } from './revocation-policy.ts'
import {
  CLOSED, issuerMismatch, nameReason, SERIAL_UNKNOWN, unknownStatus, type RevocationChecker, type RevocationStatus
} from './revocation-status.ts'
import { isNamed } from './same-name.ts'

/** Options of {@link ocspChecker}. */
export interface OcspCheckerOptions extends OcspQuestionOptions {
  /** The responders, asked in this order. A function can choose them by certificate and issuer. */
  readonly urls?: string | readonly string[] | ((certificate: PeerIdentity, issuer: PeerIdentity) => readonly string[])
  /** Hosts of responders in certificates that are asked too, after `urls`. Default: none. */
  readonly allowCertificateUrls?: CertificateUrlOptions
  /** CAs to search if the issuer is not known: the one of that name that signed the certificate is used. */
  readonly issuers?: readonly PeerIdentity[]
  /** What to do if the status is `unknown`. Default `hard`: refuse. */
  readonly policy?: RevocationPolicy
  /** Maximum number of cached answers. Default 10,000. */
  readonly cacheSize?: number
  /** Delay before a failed query about the same certificate is repeated, in milliseconds. Default 10,000. */
  readonly retryAfter?: number
  /**
   * How long a good answer is used after it expired if no responder gives a valid answer, in milliseconds. Default 0.
   * An attacker who can block the responder can delay a revocation by this time.
   */
  readonly staleIfError?: number
  /** Maximum number of concurrent queries. Further ones are `unknown`. Default 256. */
  readonly maxConcurrent?: number
}

/** A checker that asks OCSP responders. */
export interface OcspChecker extends RevocationChecker {
  /** Number of cached answers. */
  readonly cached: number
}

const OPTIONS = defineOptions<OcspCheckerOptions>('ocspChecker', MTLS_ERR_REVOCATION_OPTION, {
  urls: anything,
  allowCertificateUrls: anything,
  issuers: list('certificates', anything),
  policy: anything,
  cacheSize: count({ least: 1, most: 1_000_000 }),
  retryAfter: span(1),
  staleIfError: span(0),
  maxConcurrent: count({ least: 1 }),
  ...OCSP_QUESTION
})

/**
 * Creates a checker that asks OCSP responders (RFC 6960). An answer is accepted if it is about the certificate,
 * signed by its issuer or by a responder that the issuer delegated to, and fresh. It is cached until it expires.
 * After four fifths of its lifetime it is refreshed in the background.
 *
 * @param options `urls` or `allowCertificateUrls` is required to get any answer
 * @throws MTLS_ERR_REVOCATION_OPTION if an option is wrong
 * @example
 * ```ts
 * const issuer = parsePeerIdentity(ca.der)
 * const checker = ocspChecker({ urls: 'http://127.0.0.1:1/', issuers: [issuer], timeout: 500 })
 * console.log(await checker.check(peer, issuer)) // { state: 'unknown', why: 'ocsp_unavailable', … }
 * await checker.close()
 * ```
 */
export function ocspChecker (options: OcspCheckerOptions): OcspChecker {
  return new ResponderChecker(options)
}

class ResponderChecker implements OcspChecker {
  readonly #urlsOf: (certificate: PeerIdentity, issuer: PeerIdentity) => readonly string[]
  readonly #question: OcspQuestion
  readonly #issuers: readonly PeerIdentity[]
  readonly #permits: Permits
  readonly #now: () => number
  readonly #retryAfter: number
  readonly #staleIfError: number
  readonly #maxConcurrent: number
  readonly #cache: LRUCache<string, OcspEntry>
  readonly #asking: Map<string, Promise<RevocationStatus>> = new Map()
  readonly #closing: AbortController = new AbortController()
  readonly #epoch: Epoch = new Epoch()
  readonly #endings: Endings = new Endings()
  readonly #deadline: WakeAt

  constructor (options: OcspCheckerOptions) {
    OPTIONS.check(options)
    this.#question = compileQuestion(options, this.#closing.signal)
    this.#now = this.#question.freshness.now
    this.#urlsOf = compileUrls(options)
    this.#issuers = Object.freeze([...options.issuers ?? []])
    this.#permits = compilePolicy(options.policy, this.#now, this)
    this.#retryAfter = options.retryAfter ?? 10_000
    this.#staleIfError = options.staleIfError ?? 0
    this.#maxConcurrent = options.maxConcurrent ?? 256
    this.#cache = new LRUCache({ max: options.cacheSize ?? 10_000 })
    this.#deadline = new WakeAt(() => { this.#passEnding() }, { now: this.#now })
  }

  get epoch (): number {
    if (this.#deadline.isDue) this.#passEnding()
    return this.#epoch.value
  }

  get cached (): number { return this.#cache.size }

  check (certificate: PeerIdentity, issuer: PeerIdentity | undefined): RevocationStatus | Promise<RevocationStatus> {
    if (this.#closing.signal.aborted) return CLOSED
    if (certificate.serialNumber === undefined) return SERIAL_UNKNOWN
    if (issuer !== undefined && !isNamed(certificate, issuer)) return issuerMismatch(certificate, issuer)
    const signer = issuer ?? findIssuer(certificate, this.#issuers)
    if (signer?.fingerprint256 === undefined || signer.publicKey256 === undefined) return issuerUnknown(certificate)
    const key = `${signer.fingerprint256}/${certificate.serialNumber}`
    const entry = this.#cache.get(key)
    const time = this.#now()
    if (entry === undefined || time >= entry.until) return this.#ask(key, certificate, signer)
    // In the background: the cached answer is still valid.
    if (time >= entry.refreshAt) this.#ask(key, certificate, signer)
    return entry.status
  }

  permits (status: RevocationStatus, certificate: PeerIdentity): boolean {
    return this.#permits(status, certificate)
  }

  subscribe (listener: () => void): () => void {
    return this.#epoch.subscribe(listener)
  }

  async close (): Promise<void> {
    this.#closing.abort()
    await Promise.allSettled(this.#asking.values())
    this.#deadline.clear()
    this.#cache.clear()
    this.#epoch.move()
    this.#epoch.clear()
  }

  /** One query at a time for each certificate. Never rejects. */
  #ask (key: string, certificate: PeerIdentity, issuer: PeerIdentity): Promise<RevocationStatus> {
    const running = this.#asking.get(key)
    if (running !== undefined) return running
    const detail = { serialNumber: certificate.serialNumber, issuer: issuer.subject?.toString() }
    const asked = this.#request(certificate, issuer).then((reply) => {
      checkNotRolledBack(reply, this.#cache.get(key))
      return this.#remember(key, this.#entryOf(reply), { ...detail, url: reply.url, state: reply.verified.state })
    }).catch((error: unknown) => {
      reportFailed(this, 'ocsp', this.#now(), error, detail)
      return this.#remember(key, this.#entryAfter(error, this.#cache.get(key)))
    }).finally(() => { this.#asking.delete(key) })
    this.#asking.set(key, asked)
    return asked
  }

  async #request (certificate: PeerIdentity, issuer: PeerIdentity): Promise<OcspReply> {
    if (this.#asking.size >= this.#maxConcurrent) {
      throw ocspUnavailable('busy', `${this.#asking.size} queries are in flight`)
    }
    return await askResponders(this.#urlsOf(certificate, issuer), certificate, issuer, this.#question)
  }

  #entryOf ({ verified, url }: OcspReply): OcspEntry {
    const now = this.#now()
    const until = Endings.round(Math.min(verified.until, endOfValidity(verified.signer.identity)), now)
    const refreshAt = now + (until - now) * 0.8
    if (verified.state === 'good') {
      return {
        status: Object.freeze({ state: 'good', source: 'ocsp', until }),
        until,
        refreshAt,
        goodUntil: until,
        revokedAsOf: undefined
      }
    }
    if (verified.state === 'unknown') {
      const soon = Math.min(until, now + this.#retryAfter)
      const detail = plainText(`the responder ${plainPart(url)} does not know the certificate`)
      const status = unknownStatus('ocsp_unknown', detail)
      return { status, until: soon, refreshAt: soon, goodUntil: 0, revokedAsOf: undefined }
    }
    const status = Object.freeze({
      state: 'revoked',
      source: 'ocsp',
      reason: nameReason(verified.reason),
      revokedAt: verified.revokedAt
    } as const)
    return { status, until, refreshAt, goodUntil: 0, revokedAsOf: verified.thisUpdate }
  }

  /**
   * The entry after a failure: the earlier answer while it is valid or `staleIfError` allows it, else unknown for a
   * short time.
   */
  #entryAfter (error: unknown, before: OcspEntry | undefined): OcspEntry {
    const now = this.#now()
    const retry = now + this.#retryAfter
    if (before !== undefined && now < before.until && before.status.state !== 'unknown') {
      return { ...before, refreshAt: retry }
    }
    const staleUntil = before === undefined ? 0 : before.goodUntil + this.#staleIfError
    if (before !== undefined && before.goodUntil > 0 && now < staleUntil) {
      const until = Math.min(retry, staleUntil)
      return {
        status: Object.freeze({ state: 'good', source: 'ocsp', until }),
        until,
        refreshAt: until,
        goodUntil: before.goodUntil,
        revokedAsOf: before.revokedAsOf
      }
    }
    const why = error instanceof MTLS_ERR_OCSP_INVALID ? 'ocsp_invalid' : 'ocsp_unavailable'
    // A revoked certificate stays revoked: a soft policy would permit unknown.
    const status = before?.status.state === 'revoked' ? before.status : unknownStatus(why, failureText(error))
    return {
      status,
      until: retry,
      refreshAt: retry,
      goodUntil: before?.goodUntil ?? 0,
      revokedAsOf: before?.revokedAsOf
    }
  }

  #remember (key: string, entry: OcspEntry, refreshed?: Readonly<Record<string, unknown>>): RevocationStatus {
    if (this.#closing.signal.aborted) return CLOSED
    const before = this.#cache.get(key)
    this.#cache.set(key, entry)
    if (entry.status.state === 'good') {
      this.#endings.add(entry.until)
      if (entry.until < this.#deadline.at) this.#deadline.set(entry.until)
    }
    if (refreshed !== undefined) reportRefreshed(this, 'ocsp', this.#now(), { ...refreshed, until: entry.until })
    if (before !== undefined && before.status.state !== entry.status.state) this.#epoch.move()
    return entry.status
  }

  /** Called when an answer has expired. */
  #passEnding (): void {
    this.#deadline.set(this.#endings.next(this.#now()))
    this.#epoch.move()
  }
}

/**
 * Refuses an answer that is valid but older than one that said revoked: an attacker on the network may have replayed
 * it (RFC 6960 section 5).
 */
function checkNotRolledBack ({ verified: { state, thisUpdate }, url }: OcspReply, before: OcspEntry | undefined): void {
  if (before?.revokedAsOf === undefined || state === 'revoked' || thisUpdate >= before.revokedAsOf) return
  throw ocspInvalid(
    'rolled_back',
    `${url} says ${state} as of ${new Date(thisUpdate).toISOString()}, ` +
      `but it was revoked as of ${new Date(before.revokedAsOf).toISOString()}`
  )
}

function issuerUnknown ({ issuer }: PeerIdentity): RevocationStatus {
  const who = plainPart(issuer ?? 'an unknown issuer')
  return unknownStatus('issuer_unknown', plainText(`the certificate of ${who}, which issued this one, is not known`))
}

function compileUrls (
  options: OcspCheckerOptions
): (certificate: PeerIdentity, issuer: PeerIdentity) => readonly string[] {
  const { urls } = options
  const filter = compileUrlFilter(options.allowCertificateUrls, 'allowCertificateUrls')
  const list =
    typeof urls === 'function' || urls === undefined
      ? []
      : (typeof urls === 'string' ? [urls] : urls).map((url) => checkUrl(url, 'urls'))
  return (certificate, issuer) => {
    const configured =
      typeof urls === 'function' ? urls(certificate, issuer).map((url) => checkUrl(url, 'urls()')) : list
    return [...configured, ...filter(options.allowCertificateUrls === undefined ? [] : readOcspUris(certificate))]
  }
}
