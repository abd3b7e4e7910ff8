import type { PeerIdentity } from '@peerkit/identity'
import { WakeAt, anything, checkOption, defineOptions, required, span, valueOf } from '@peerkit/identity/internal'
import { createHash } from 'node:crypto'
import { RevocationOptionError } from '../errors.ts'
import type { CertificateUrlOptions } from '../fetch/allowed-urls.ts'
import { reportFailed, reportRefreshed } from '../policy/checker-events.ts'
import {
  askResponders, compileQuestion, compileResponders, OCSP_QUESTION, type OcspQuestion, type OcspQuestionOptions,
  type OcspReply, type ResponderUrls
} from './ocsp-client.ts'

/** Options of {@link createOcspStapler}. */
export interface OcspStaplerOptions extends Omit<OcspQuestionOptions, 'nonce'> {
  /** Your own certificate. */
  readonly certificate: PeerIdentity
  /** Its issuer. */
  readonly issuer: PeerIdentity
  /** The responder, or several in order. */
  readonly url?: string | readonly string[]
  /** Hosts of responders in the certificate that are asked too, after `url`. Default: none. */
  readonly allowCertificateUrls?: CertificateUrlOptions
  /**
   * Delay before a failed query is repeated, in milliseconds. Doubles with each further failure, up to an hour.
   * Default 10,000.
   */
  readonly retryAfter?: number
}

/** Keeps an OCSP response for stapling; made by {@link createOcspStapler}. */
export interface OcspStapler {
  /**
   * Listener for a server's `OCSPRequest` event (RFC 6066 section 8): `server.on('OCSPRequest', stapler.handle)`.
   * Answers synchronously, without a response for another certificate or if the response has expired.
   */
  readonly handle: (
    certificate: Uint8Array,
    issuer: Uint8Array | undefined,
    callback: (error: Error | null, response: Buffer | null) => void
  ) => void
  /** The current response, verified and fresh; undefined if there is none. */
  readonly response: Buffer | undefined
  /** When the response expires, in milliseconds since the epoch. */
  readonly until: number | undefined
  /** When the responder is asked next, in milliseconds since the epoch. */
  readonly nextLook: number
  /**
   * Asks the responder now. Rejects with OcspInvalidError or OcspUnavailableError; the current response then
   * stays in use until it expires.
   */
  refresh (): Promise<void>
  /** Changes the certificate, after a rotation. Drops the current response and asks the responder. */
  update (certificate: PeerIdentity, issuer: PeerIdentity): Promise<void>
  /** Stops timers and requests. */
  close (): Promise<void>
}

const { nonce: _nonce, ...QUESTION } = OCSP_QUESTION
const CERTIFICATE = required(valueOf('a certificate parsed from its bytes', (value) => {
  return (value as Partial<PeerIdentity> | null)?.raw !== undefined
}))
const OPTIONS = defineOptions<OcspStaplerOptions>('createOcspStapler', RevocationOptionError, {
  certificate: CERTIFICATE,
  issuer: CERTIFICATE,
  url: anything,
  allowCertificateUrls: anything,
  retryAfter: span(1),
  ...QUESTION
})
const HOUR = 3_600_000

/**
 * Keeps an OCSP response for your own certificate, to staple it. The response is fetched at once, verified as
 * `ocspChecker` does, and fetched again after half of its lifetime. A response that says revoked is stapled too.
 * Await `refresh()` to wait for the first response.
 *
 * @param options `certificate` and `issuer` are required, and `url` or `allowCertificateUrls`
 * @throws RevocationOptionError if an option is wrong
 * @example
 * ```ts
 * const issuer = parsePeerIdentity(ca.der)
 * const certificate = parsePeerIdentity(decodePem(issued.chain)[0]!)
 * const stapler = createOcspStapler({ certificate, issuer, url: 'http://127.0.0.1:1/' })
 * await stapler.refresh().catch((error) => { console.log(error.code) }) // MTLS_ERR_OCSP_UNAVAILABLE
 * await stapler.close()
 * ```
 */
export function createOcspStapler (options: OcspStaplerOptions): OcspStapler {
  return new Stapler(options)
}

class Stapler implements OcspStapler {
  readonly handle: OcspStapler['handle']
  readonly #question: OcspQuestion
  readonly #urlsOf: ResponderUrls
  readonly #retryAfter: number
  readonly #now: () => number
  readonly #closing: AbortController = new AbortController()
  readonly #next: WakeAt
  #subject: { readonly certificate: PeerIdentity, readonly issuer: PeerIdentity }
  #reply: OcspReply | undefined
  #asking: Promise<void> | undefined
  #failures: number = 0

  constructor (options: OcspStaplerOptions) {
    OPTIONS.check(options)
    // The clients that get the stapled response could not check a nonce.
    this.#question = compileQuestion({ ...options, nonce: 'none' }, this.#closing.signal)
    this.#now = this.#question.freshness.now
    this.#urlsOf = compileResponders(options.url, 'url', options.allowCertificateUrls)
    this.#retryAfter = options.retryAfter ?? 10_000
    this.#subject = { certificate: options.certificate, issuer: options.issuer }
    this.#next = new WakeAt(() => { this.refresh().catch(() => {}) }, { now: this.#now })
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
    checkOption(certificate, CERTIFICATE, 'certificate', RevocationOptionError)
    checkOption(issuer, CERTIFICATE, 'issuer', RevocationOptionError)
    this.#subject = { certificate, issuer }
    this.#reply = undefined
    // A query about the old certificate may be running.
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
    const { certificate, issuer } = subject
    const detail = {
      serialNumber: certificate.serialNumber,
      issuer: issuer.subject?.toString(),
      stapled: true
    }
    try {
      const reply = await askResponders(this.#urlsOf(certificate, issuer), certificate, issuer, this.#question)
      if (subject !== this.#subject) return
      this.#reply = reply
      this.#failures = 0
      reportRefreshed(this, 'ocsp', this.#now(), {
        ...detail,
        url: reply.url,
        state: reply.verified.state,
        until: reply.verified.until
      })
    } catch (error) {
      this.#failures++
      reportFailed(this, 'ocsp', this.#now(), error, detail)
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
