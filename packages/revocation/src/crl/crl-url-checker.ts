import { joinEmitter } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'
import {
  anything, choice, clock, count, defineOptions, duration, flag, func, list, required, span, wrongValue, whenSettled
} from '@peerkit/identity/internal'
import { CrlInvalidError, RevocationOptionError } from '../errors.ts'
import { compileOrigins, compileUrlFilter, type CertificateUrlOptions } from '../fetch/allowed-urls.ts'
import { BY_ISSUER_KEY, byIssuerKey } from '../policy/by-issuer-key.ts'
import { reportFailed } from '../policy/checker-events.ts'
import { CLOSED, joinDetails, type RevocationChecker, type RevocationStatus } from '../policy/revocation-status.ts'
import { CERTIFICATES, isNamed } from '../x509/issuer.ts'
import { crlChecker, type CrlChecker, type CrlCheckerOptions } from './crl-checker.ts'
import type { CrlIndex } from './crl-index.ts'
import { CLOCK_SKEW } from './crl-lists.ts'
import { readDistributionPoints, urisOf } from './crl-scope.ts'
import { CrlSource, type CrlSourceOptions } from './crl-source.ts'
import { MAX_CRL_BYTES } from './parse-crl.ts'

/** Options of {@link crlUrlChecker}. */
export interface CrlUrlCheckerOptions extends Omit<CrlCheckerOptions, 'crls' | 'foreignCrls' | 'formerIssuers'> {
  /**
   * `http:`, `https:` and `file:` URLs of complete and delta CRLs, PEM or DER. Their signatures are verified, so plain
   * http is as safe as https.
   */
  readonly urls: readonly string[]
  /** Hosts of distribution points in certificates from which CRLs are fetched too. Default: none. */
  readonly allowCertificateUrls?: CertificateUrlOptions
  /**
   * Origins, such as `https://crl.example`, that a URL may redirect to. Default: none. Without it, redirects are
   * followed within the origin of the URL, and from http to https on the same host; at most three for each fetch.
   */
  readonly allowRedirects?: readonly string[]
  /**
   * `required` (default): rejects unless every CRL could be loaded. `background`: starts at once; a certificate whose
   * CRL is not there yet is `unknown`, and the CRL is fetched again.
   */
  readonly initial?: 'required' | 'background'
  /**
   * Interval between fetches of a URL, in milliseconds, minus up to a tenth at random. Default 600,000 (10 minutes).
   * Shorter if its CRL expires earlier.
   */
  readonly refreshInterval?: number
  /**
   * Delay before a failed fetch is repeated, in milliseconds. Doubles with each further failure, up to
   * `refreshInterval`. Default 5,000.
   */
  readonly retryAfter?: number
  /** Timeout of one fetch, in milliseconds. Default 30,000. */
  readonly timeout?: number
  /** Maximum number of URLs from certificates that are kept. Default 32. */
  readonly cacheSize?: number
  /** Default: the global `fetch`. It must support `signal` and `redirect`. */
  readonly fetch?: typeof fetch
}

/** A checker that answers from CRLs at URLs. */
export interface CrlUrlChecker extends RevocationChecker {
  /** Fetches every URL now. If one fails, rejects with its error; the lists of the others are in use. */
  refresh (): Promise<void>
  /** The current lists. */
  readonly lists: readonly CrlIndex[]
}

const OPTIONS = defineOptions<CrlUrlCheckerOptions>('crlUrlChecker', RevocationOptionError, {
  urls: required(list('URLs', anything)),
  issuers: required(CERTIFICATES),
  policy: anything,
  clockSkew: span(0),
  maxBytes: count({ least: 1 }),
  warnEnded: flag,
  now: clock,
  allowCertificateUrls: anything,
  allowRedirects: anything,
  initial: choice('required', 'background'),
  refreshInterval: span(1),
  retryAfter: span(1),
  timeout: duration({ least: 1 }),
  cacheSize: count(),
  fetch: func()
})

/**
 * Creates a checker that fetches CRLs, and fetches them again well before they expire. A CRL that is older than the
 * current one from the same URL is refused: it could hide a revocation.
 *
 * @param options `urls` and `issuers` are required
 * @throws CrlUnavailableError, CrlInvalidError (as a rejection) with `initial: 'required'`; `reason` says
 *   why
 * @throws RevocationOptionError (as a rejection) if an option is wrong
 * @example
 * ```ts
 * const issuer = parsePeerIdentity(ca.der)
 * const urls = [`file://${process.cwd()}/ca.crl`]
 * const checker = await crlUrlChecker({ urls, issuers: [issuer], initial: 'background' })
 * console.log((await checker.check(peer, issuer)).state)
 * await checker.close()
 * ```
 */
export async function crlUrlChecker (options: CrlUrlCheckerOptions): Promise<CrlUrlChecker> {
  const checker = new UrlChecker(options)
  try {
    await checker.start()
  } catch (error) {
    await checker.close()
    throw error
  }
  return checker
}

class UrlChecker implements CrlUrlChecker {
  readonly #lists: CrlChecker
  readonly #issuers: readonly PeerIdentity[]
  readonly #now: () => number
  readonly #sourceOptions: CrlSourceOptions
  readonly #required: boolean
  readonly #cacheSize: number
  readonly #filter: (urls: readonly string[]) => string[]
  readonly #sources: CrlSource[]
  readonly #discovered: Map<string, CrlSource> = new Map()
  #closed: boolean = false

  constructor (options: CrlUrlCheckerOptions) {
    OPTIONS.check(options)
    if (options.urls.length === 0 && options.allowCertificateUrls === undefined) {
      throw wrongValue(RevocationOptionError, 'urls', options.urls, 'URLs, or the option allowCertificateUrls')
    }
    this.#required = options.initial !== 'background'
    this.#now = options.now ?? Date.now
    this.#issuers = Object.freeze([...options.issuers])
    const { policy, clockSkew, warnEnded, now } = options
    this.#lists = crlChecker({
      crls: [],
      issuers: this.#issuers,
      ...(policy && { policy }),
      ...(clockSkew !== undefined && { clockSkew }),
      ...(warnEnded !== undefined && { warnEnded }),
      ...(now && { now })
    })
    joinEmitter(this.#lists, this)
    this.#sourceOptions = {
      emitter: this,
      issuers: this.#issuers,
      now: this.#now,
      clockSkew: clockSkew ?? CLOCK_SKEW,
      timeout: options.timeout ?? 30_000,
      maxBytes: options.maxBytes ?? MAX_CRL_BYTES,
      refreshInterval: options.refreshInterval ?? 600_000,
      retryAfter: options.retryAfter ?? 5_000,
      origins: compileOrigins(options.allowRedirects, 'allowRedirects'),
      fetch: options.fetch,
      accept: (source, indexes) => { this.#accept(source, indexes) }
    }
    this.#cacheSize = options.cacheSize ?? 32
    this.#filter = compileUrlFilter(options.allowCertificateUrls, 'allowCertificateUrls')
    this.#sources = options.urls.map((url) => new CrlSource(url, this.#sourceOptions))
  }

  get epoch (): number { return this.#lists.epoch }

  get lists (): readonly CrlIndex[] { return this.#lists.lists }

  get #allSources (): CrlSource[] { return [...this.#sources, ...this.#discovered.values()] }

  async start (): Promise<void> {
    // Apply all together: the base of a delta CRL may arrive after it.
    const loaded = await Promise.allSettled(this.#sources.map(async (source) => { await source.load() }))
    const failure = loaded.find((result) => result.status === 'rejected')
    if (failure !== undefined && this.#required) throw failure.reason
    try {
      this.#apply()
    } catch (error) {
      if (this.#required) throw error
      reportFailed(this, 'crl', this.#now(), error, {})
    }
  }

  check (certificate: PeerIdentity, issuer: PeerIdentity | undefined): RevocationStatus | Promise<RevocationStatus> {
    if (this.#closed) return CLOSED
    const status = this.#lists.check(certificate, issuer)
    if (status.state !== 'unknown') return status
    const fresh = status.why === 'no_crl' || status.why === 'out_of_scope' ? this.#discover(certificate) : []
    if (fresh.length === 0) return this.#explain(status)
    return Promise.allSettled(fresh).then(() => this.#explain(this.#lists.check(certificate, issuer)))
  }

  [BY_ISSUER_KEY] (
    certificate: PeerIdentity, issuer: PeerIdentity | undefined
  ): RevocationStatus | Promise<RevocationStatus> {
    return whenSettled(this.check(certificate, issuer), (status) => {
      return status.state === 'revoked' && !this.#closed ? byIssuerKey(this.#lists).check(certificate, issuer) : status
    })
  }

  permits (status: RevocationStatus, certificate: PeerIdentity): boolean {
    return this.#lists.permits(status, certificate)
  }

  subscribe (listener: () => void): () => void {
    return this.#lists.subscribe(listener)
  }

  async refresh (): Promise<void> {
    const refreshed = await Promise.allSettled(this.#allSources.map(async (source) => { await source.refresh() }))
    const failure = refreshed.find((result) => result.status === 'rejected')
    if (failure !== undefined) throw failure.reason
  }

  async close (): Promise<void> {
    this.#closed = true
    await Promise.all(this.#allSources.map(async (source) => { await source.close() }))
    await this.#lists.close()
  }

  /** Adds the failure of a fetch to an unknown status, which it may explain. */
  #explain (status: RevocationStatus): RevocationStatus {
    if (status.state !== 'unknown') return status
    for (const { failure } of this.#allSources) {
      if (failure !== undefined) return Object.freeze({ ...status, detail: joinDetails([status.detail, failure])! })
    }
    return status
  }

  /** Fetches for the first time the CRLs that a certificate of one of the issuers names. */
  #discover (certificate: PeerIdentity): Promise<unknown>[] {
    if (!this.#issuers.some((issuer) => isNamed(certificate, issuer))) return []
    const fetches: Promise<unknown>[] = []
    for (const url of this.#filter(urisOf(readDistributionPoints(certificate)))) {
      const before = this.#discovered.get(url)
      if (before?.loading !== undefined) fetches.push(before.loading)
      if (before !== undefined || this.#discovered.size >= this.#cacheSize) continue
      const source = new CrlSource(url, this.#sourceOptions)
      this.#discovered.set(url, source)
      fetches.push(source.refresh())
    }
    return fetches
  }

  /** Applies a source's new CRLs if they fit the other sources' lists. Throws if not. */
  #accept (source: CrlSource, indexes: readonly CrlIndex[]): void {
    if (this.#closed) throw new CrlInvalidError('unverified', 'the checker is closed')
    try {
      this.#apply(source, indexes)
    } catch (error) {
      // The delta CRL extends a complete CRL that is not loaded yet. Fetch that first.
      if ((error as { reason?: unknown }).reason === 'delta_without_base') this.#refreshBases(source)
      throw error
    }
  }

  #refreshBases (deltaSource: CrlSource): void {
    for (const source of this.#sources) {
      if (source !== deltaSource && source.indexes.every(({ isDelta }) => !isDelta)) source.refresh().catch(() => {})
    }
  }

  #apply (changed?: CrlSource, indexes: readonly CrlIndex[] = []): void {
    this.#lists.replace(this.#allSources.flatMap((source) => source === changed ? indexes : source.indexes))
  }
}
