import type { PeerIdentity } from '@peerkit/identity'
import { createHash } from 'node:crypto'
import { checkUrl, compileUrlFilter, type CertificateUrlOptions } from './allowed-urls.ts'
import { Deadline } from './deadline.ts'
import { readOcspUris } from './distribution-points.ts'
import { optionInvalid } from './errors.ts'
import { askResponders, type OcspQuestion, type OcspReply } from './ocsp-client.ts'
import { compileQuestion, ocspQuestionOptions, type OcspQuestionOptions } from './ocsp-options.ts'
import { checkKnownOptions, checkNumber } from './option-check.ts'
import { reportFailed, reportRefreshed } from './reports.ts'

export interface OcspStaplerOptions extends Omit<OcspQuestionOptions, 'nonce'> {
  /** Our own certificate. */
  readonly certificate: PeerIdentity
  readonly issuer: PeerIdentity
  /** The responder, or several in order. */
  readonly url?: string | readonly string[]
  /** Whether responders that the certificate names are asked, after the others. Default: they are not. */
  readonly allowCertificateUrls?: CertificateUrlOptions
  /** Milliseconds until a failure is tried again; doubled with each further one up to an hour. Default 10,000. */
  readonly retryAfter?: number
}

export interface OcspStapler {
  /** For a server's `OCSPRequest` event (RFC 6066 section 8): `server.on('OCSPRequest', stapler.handle)`. Answers at once, with nothing for another certificate or after the end. */
  readonly handle: (
    certificate: Uint8Array,
    issuer: Uint8Array | undefined,
    callback: (error: Error | null, response: Buffer | null) => void
  ) => void
  /** The response in force, verified and fresh. */
  readonly response: Buffer | undefined
  /** When it ends, in milliseconds since the epoch. */
  readonly until: number | undefined
  /** When the responder is asked next, in milliseconds since the epoch. */
  readonly nextLook: number
  /** Asks now. Rejects with MTLS_ERR_OCSP_INVALID or MTLS_ERR_OCSP_UNAVAILABLE; the response there was stays in force until its end. */
  refresh (): Promise<void>
  /** For a new certificate, after a rotation. What was there is dropped, and the responder asked. */
  update (certificate: PeerIdentity, issuer: PeerIdentity): Promise<void>
  close (): Promise<void>
}

const known = [
  'certificate', 'issuer', 'url', 'allowCertificateUrls', 'retryAfter',
  ...ocspQuestionOptions.filter((name) => name !== 'nonce')
]
const HOUR = 3_600_000

/**
 * Keeps an OCSP response for our own certificate to staple: fetched now, verified as `ocspChecker` does it, and fetched again at half of its time. A response that says
 * revoked is stapled too: hiding it would be a lie. Ask `refresh()` to wait for the first. Throws MTLS_ERR_REVOCATION_OPTION.
 */
export function createOcspStapler (options: OcspStaplerOptions): OcspStapler {
  return new Stapler(options)
}

class Stapler implements OcspStapler {
  readonly handle: OcspStapler['handle']
  readonly #question: OcspQuestion
  readonly #urls: readonly string[]
  readonly #filter: (urls: readonly string[]) => string[]
  readonly #retryAfter: number
  readonly #now: () => number
  readonly #closing: AbortController = new AbortController()
  readonly #next: Deadline
  #subject: { readonly certificate: PeerIdentity, readonly issuer: PeerIdentity }
  #reply: OcspReply | undefined
  #asking: Promise<void> | undefined
  #failures: number = 0

  constructor (options: OcspStaplerOptions) {
    checkKnownOptions(options, known, 'createOcspStapler')
    // A nonce would be of no use to those it is stapled for.
    this.#question = compileQuestion({ ...options, nonce: 'none' }, 'createOcspStapler', this.#closing.signal)
    this.#now = this.#question.freshness.now
    this.#urls = (options.url === undefined ? [] : typeof options.url === 'string' ? [options.url] : options.url).map(
      (url) => checkUrl(url, 'createOcspStapler url')
    )
    this.#filter = compileUrlFilter(options.allowCertificateUrls, 'createOcspStapler allowCertificateUrls')
    this.#retryAfter = checkNumber(options.retryAfter, 10_000, 'createOcspStapler retryAfter', 1)
    this.#subject = checkSubject(options.certificate, options.issuer)
    this.#next = new Deadline(this.#now, () => { this.refresh().catch(() => {}) })
    this.handle = (certificate, _issuer, callback) => { callback(null, this.#responseFor(certificate)) }
    this.refresh().catch(() => {})
  }

  get response (): Buffer | undefined {
    return this.#reply !== undefined && this.#now() < this.#reply.verified.until
      ? Buffer.from(this.#reply.der)
      : undefined
  }

  get until (): number | undefined { return this.#reply?.verified.until }

  get nextLook (): number { return this.#next.at }

  refresh (): Promise<void> {
    this.#asking ??= this.#ask().finally(() => { this.#asking = undefined })
    return this.#asking
  }

  async update (certificate: PeerIdentity, issuer: PeerIdentity): Promise<void> {
    this.#subject = checkSubject(certificate, issuer)
    this.#reply = undefined
    // A question about the old certificate may be under way.
    await this.#asking?.catch(() => {})
    await this.refresh()
  }

  async close (): Promise<void> {
    this.#closing.abort()
    await this.#asking?.catch(() => {})
    this.#next.clear()
    this.#reply = undefined
  }

  async #ask (): Promise<void> {
    const subject = this.#subject
    const detail = {
      serialNumber: subject.certificate.serialNumber,
      issuer: subject.issuer.subject?.toString(),
      stapled: true
    }
    try {
      const urls = [...this.#urls, ...this.#filter(readOcspUris(subject.certificate))]
      const reply = await askResponders(urls, subject.certificate, subject.issuer, this.#question)
      if (subject !== this.#subject) return
      this.#reply = reply
      this.#failures = 0
      reportRefreshed('ocsp', this.#now(), {
        ...detail,
        url: reply.url,
        state: reply.verified.state,
        until: reply.verified.until
      })
    } catch (error) {
      this.#failures++
      reportFailed('ocsp', this.#now(), error, detail)
      throw error
    } finally {
      if (!this.#closing.signal.aborted) this.#next.set(this.#whenNext())
    }
  }

  #whenNext (): number {
    const time = this.#now()
    const jitter = 1 - Math.random() / 10
    if (this.#failures > 0) {
      return time + Math.min(HOUR, this.#retryAfter * 2 ** Math.min(this.#failures - 1, 16)) * jitter
    }
    const left = (this.#reply?.verified.until ?? time) - time
    return time + Math.max(left / 2, Math.min(this.#retryAfter, left)) * jitter
  }

  #responseFor (certificate: Uint8Array): Buffer | null {
    const asked = createHash('sha256').update(certificate).digest('hex')
    return asked === this.#subject.certificate.fingerprint256 ? this.response ?? null : null
  }
}

function checkSubject (
  certificate: PeerIdentity,
  issuer: PeerIdentity
): { readonly certificate: PeerIdentity, readonly issuer: PeerIdentity } {
  if (certificate?.raw === undefined || issuer?.raw === undefined) {
    throw optionInvalid('createOcspStapler is to be given a certificate and its issuer, both parsed from certificates')
  }
  return { certificate, issuer }
}
