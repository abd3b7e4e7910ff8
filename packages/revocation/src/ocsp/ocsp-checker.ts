import type { PeerIdentity } from '@peerkit/identity'
import { WakeAt, anything, count, defineOptions, list, span } from '@peerkit/identity/internal'
import { LRUCache } from 'lru-cache'
import { OcspUnavailableError, RevocationOptionError } from '../errors.ts'
import type { CertificateUrlOptions } from '../fetch/allowed-urls.ts'
import { Epoch, reportFailed, reportRefreshed } from '../policy/checker-events.ts'
import { compilePolicy, type Permits, type RevocationPolicy } from '../policy/revocation-policy.ts'
import {
  CLOSED, issuerMismatch, plainPart, plainText, SERIAL_UNKNOWN, unknownStatus, type RevocationChecker,
  type RevocationStatus
} from '../policy/revocation-status.ts'
import { findIssuer, isNamed } from '../x509/issuer.ts'
import { checkNotRolledBack, Endings, entryAfter, entryOf, type CacheTimes, type OcspEntry } from './ocsp-cache.ts'
import {
  askResponders, compileQuestion, compileResponders, OCSP_QUESTION, type OcspQuestion, type OcspQuestionOptions,
  type OcspReply, type ResponderUrls
} from './ocsp-client.ts'

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

const OPTIONS = defineOptions<OcspCheckerOptions>('ocspChecker', RevocationOptionError, {
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
 * @throws RevocationOptionError if an option is wrong
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
  readonly #urlsOf: ResponderUrls
  readonly #question: OcspQuestion
  readonly #issuers: readonly PeerIdentity[]
  readonly #permits: Permits
  readonly #now: () => number
  readonly #times: CacheTimes
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
    this.#urlsOf = compileResponders(options.urls, 'urls', options.allowCertificateUrls)
    this.#issuers = Object.freeze([...options.issuers ?? []])
    this.#permits = compilePolicy(options.policy, this.#now, this)
    this.#times = { retryAfter: options.retryAfter ?? 10_000, staleIfError: options.staleIfError ?? 0 }
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
      const entry = entryOf(reply, this.#now(), this.#times)
      return this.#remember(key, entry, { ...detail, url: reply.url, state: reply.verified.state })
    }).catch((error: unknown) => {
      reportFailed(this, 'ocsp', this.#now(), error, detail)
      return this.#remember(key, entryAfter(error, this.#cache.get(key), this.#now(), this.#times))
    }).finally(() => { this.#asking.delete(key) })
    this.#asking.set(key, asked)
    return asked
  }

  async #request (certificate: PeerIdentity, issuer: PeerIdentity): Promise<OcspReply> {
    if (this.#asking.size >= this.#maxConcurrent) {
      throw new OcspUnavailableError('busy', `${this.#asking.size} queries are in flight`)
    }
    return await askResponders(this.#urlsOf(certificate, issuer), certificate, issuer, this.#question)
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

function issuerUnknown ({ issuer }: PeerIdentity): RevocationStatus {
  const who = plainPart(issuer ?? 'an unknown issuer')
  return unknownStatus('issuer_unknown', plainText(`the certificate of ${who}, which issued this one, is not known`))
}
