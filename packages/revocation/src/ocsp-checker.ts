import { endOfValidity, type PeerIdentity } from '@peerkit/identity'
import { checkUrl, compileUrlFilter, type CertificateUrlOptions } from './allowed-urls.ts'
import { Deadline } from './deadline.ts'
import { readOcspUris } from './distribution-points.ts'
import { Epoch } from './epoch.ts'
import { MTLS_ERR_OCSP_INVALID, ocspInvalid, ocspUnavailable } from './errors.ts'
import { findIssuer } from './find-issuer.ts'
import { Endings, OcspCache, type OcspEntry } from './ocsp-cache.ts'
import { askResponders, type OcspQuestion, type OcspReply } from './ocsp-client.ts'
import { compileQuestion, ocspQuestionOptions, type OcspQuestionOptions } from './ocsp-options.ts'
import { checkKnownOptions, checkNumber } from './option-check.ts'
import { failureText, plainPart, plainText } from './plain-text.ts'
import { reportFailed, reportRefreshed } from './reports.ts'
import { compilePolicy, type Permits, type RevocationPolicy } from './revocation-policy.ts'
import {
  CLOSED, issuerMismatch, nameReason, SERIAL_UNKNOWN, unknownStatus, type RevocationChecker, type RevocationStatus
} from './revocation-status.ts'
import { isNamed } from './same-name.ts'

export interface OcspCheckerOptions extends OcspQuestionOptions {
  /** The responders, asked in this order. A function may choose them by certificate and issuer. */
  readonly urls?: string | readonly string[] | ((certificate: PeerIdentity, issuer: PeerIdentity) => readonly string[])
  /** Whether responders that the certificate names are asked, after the others. Default: they are not. */
  readonly allowCertificateUrls?: CertificateUrlOptions
  /** CAs among which the issuer is looked for where it is not given: the one of that name that signed the certificate. */
  readonly issuers?: readonly PeerIdentity[]
  /** What `unknown` means. Default `hard`: refused. */
  readonly policy?: RevocationPolicy
  /** How many answers are remembered. Default 10,000. */
  readonly cacheSize?: number
  /** Milliseconds before a responder that failed is asked again about the same certificate. Default 10,000. */
  readonly retryAfter?: number
  /**
   * For how many milliseconds after its end a good answer still counts while no responder gives one that can be believed. Default 0: not at all. It is the time a
   * revocation can be held back by whoever can keep the responder from us.
   */
  readonly staleIfError?: number
  /** Questions in flight at a time; more are `unknown`. Default 256. */
  readonly maxConcurrent?: number
}

export interface OcspChecker extends RevocationChecker {
  /** Answers remembered. */
  readonly cached: number
}

const known = [
  'urls', 'allowCertificateUrls', 'issuers', 'policy', 'cacheSize', 'retryAfter', 'staleIfError', 'maxConcurrent',
  ...ocspQuestionOptions
]

/**
 * Asks OCSP responders (RFC 6960). An answer counts if it is about the certificate, signed by its issuer or by one the issuer delegated to, and fresh;
 * it is remembered until its end, and asked for anew beside that from four fifths of its time on. Throws MTLS_ERR_REVOCATION_OPTION.
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
  readonly #cache: OcspCache
  readonly #asking: Map<string, Promise<RevocationStatus>> = new Map()
  readonly #closing: AbortController = new AbortController()
  readonly #epoch: Epoch = new Epoch()
  readonly #endings: Endings = new Endings()
  readonly #deadline: Deadline

  constructor (options: OcspCheckerOptions) {
    checkKnownOptions(options, known, 'ocspChecker')
    this.#question = compileQuestion(options, 'ocspChecker', this.#closing.signal)
    this.#now = this.#question.freshness.now
    this.#urlsOf = compileUrls(options)
    this.#issuers = Object.freeze([...options.issuers ?? []])
    this.#permits = compilePolicy(options.policy, this.#now)
    this.#retryAfter = checkNumber(options.retryAfter, 10_000, 'ocspChecker retryAfter', 1)
    this.#staleIfError = checkNumber(options.staleIfError, 0, 'ocspChecker staleIfError')
    this.#maxConcurrent = checkNumber(options.maxConcurrent, 256, 'ocspChecker maxConcurrent', 1)
    this.#cache = new OcspCache(checkNumber(options.cacheSize, 10_000, 'ocspChecker cacheSize', 1))
    this.#deadline = new Deadline(this.#now, () => { this.#passEnding() })
  }

  get epoch (): number {
    if (this.#deadline.passed) this.#passEnding()
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
    // Beside the answer, which still counts.
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

  /** One question at a time for one certificate. Never rejects. */
  #ask (key: string, certificate: PeerIdentity, issuer: PeerIdentity): Promise<RevocationStatus> {
    const running = this.#asking.get(key)
    if (running !== undefined) return running
    const detail = { serialNumber: certificate.serialNumber, issuer: issuer.subject?.toString() }
    const asked = this.#request(certificate, issuer).then((reply) => {
      checkNotRolledBack(reply, this.#cache.get(key))
      return this.#remember(key, this.#entryOf(reply), { ...detail, url: reply.url, state: reply.verified.state })
    }).catch((error: unknown) => {
      reportFailed('ocsp', this.#now(), error, detail)
      return this.#remember(key, this.#entryAfter(error, this.#cache.get(key)))
    }).finally(() => { this.#asking.delete(key) })
    this.#asking.set(key, asked)
    return asked
  }

  async #request (certificate: PeerIdentity, issuer: PeerIdentity): Promise<OcspReply> {
    if (this.#asking.size >= this.#maxConcurrent) {
      throw ocspUnavailable('busy', `${this.#asking.size} questions are in flight`)
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

  /** What holds after a failure: the earlier answer while it counts or the policy on stale ones allows it, else nothing, and that not for long. */
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
    // A revoked certificate does not become an unknown one, which a soft policy would let pass.
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
    if (refreshed !== undefined) reportRefreshed('ocsp', this.#now(), { ...refreshed, until: entry.until })
    if (before !== undefined && before.status.state !== entry.status.state) this.#epoch.move()
    return entry.status
  }

  /** An answer that was given has ended. */
  #passEnding (): void {
    this.#deadline.set(this.#endings.next(this.#now()))
    this.#epoch.move()
  }
}

/** An answer that is still in its time but older than one that said revoked may be replayed by whoever sits between us and the responder (RFC 6960 section 5): refused. */
function checkNotRolledBack ({ verified: { state, thisUpdate }, url }: OcspReply, before: OcspEntry | undefined): void {
  if (before?.revokedAsOf === undefined || state === 'revoked' || thisUpdate >= before.revokedAsOf) return
  throw ocspInvalid(
    'rolled_back',
    `${url} says ${state} as of ${new Date(thisUpdate).toISOString()}, but it was revoked as of ${new Date(before.revokedAsOf).toISOString()}`
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
  const filter = compileUrlFilter(options.allowCertificateUrls, 'ocspChecker allowCertificateUrls')
  const list =
    typeof urls === 'function' || urls === undefined
      ? []
      : (typeof urls === 'string' ? [urls] : urls).map((url) => checkUrl(url, 'ocspChecker urls'))
  return (certificate, issuer) => {
    const configured =
      typeof urls === 'function' ? urls(certificate, issuer).map((url) => checkUrl(url, 'ocspChecker urls()')) : list
    return [...configured, ...filter(options.allowCertificateUrls === undefined ? [] : readOcspUris(certificate))]
  }
}
