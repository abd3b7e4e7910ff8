import type { Clock } from '@peerkit/credentials'
import { joinEmitter } from '@peerkit/events'
import { equalDistinguishedNames } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { WakeAt, messageOf, withTimeout } from '@peerkit/identity/internal'
import { crlUrlChecker, ocspChecker } from '@peerkit/revocation'
import type { CrlIndex, RevocationStatus } from '@peerkit/revocation'
import { BY_ISSUER_KEY, byIssuerKey, compileModes } from '@peerkit/revocation/internal'
import type { KeyedChecker } from '@peerkit/revocation/internal'
import { IssuerError } from '../../errors.ts'
import type { VaultApi } from '../vault-api.ts'
import { crlAndOcsp } from './crl-and-ocsp.ts'
import type { ListedChecker } from './crl-and-ocsp.ts'
import { isRoot, readIssuers } from './mount-issuers.ts'
import type { MountIssuer } from './mount-issuers.ts'
import type { RevocationSettings } from './revocation-settings.ts'

const REFRESH = 60_000
/** How long a fetch or a question may take: peers wait for OCSP. */
const FETCH_TIMEOUT = 10_000
const OCSP_TIMEOUT = 2_000
/** The time of an answer is in whole seconds, by the clock of OpenBao. */
const OCSP_ROUNDING = 5_000
const OCSP_RETRY = 10_000
const NONE: RevocationStatus = Object.freeze({ state: 'unknown', why: 'no_crl', detail: 'no CRL of OpenBao is loaded' })

export interface MountRevocationContext {
  readonly api: VaultApi
  /** The mount that issues, and those of the option `mounts`. */
  readonly mounts: readonly string[]
  readonly settings: RevocationSettings
  /** Sends the requests. */
  readonly fetch: typeof fetch
  readonly clock: Clock
  /** Tells of CAs that could not be read or followed. */
  readonly warn: (text: string) => void
  /** Closes what sends the requests. Default: it is closed elsewhere. */
  readonly close?: () => Promise<void>
}

/** The CRLs of mounts, and their OCSP responder, as one checker. */
export interface MountRevocation extends ListedChecker {
  /**
   * Reads the CAs of the mounts, and fetches the CRLs of those that are new. Overlapping calls share one.
   *
   * @throws IssuerError, or the errors of crlUrlChecker. What was followed stays in use
   */
  follow (signal?: AbortSignal): Promise<void>
  /** As {@link follow}. After a first success a failure is told and not thrown: what was followed still counts. */
  followAgain (signal?: AbortSignal): Promise<void>
}

/**
 * Makes a checker that follows mounts, once `follow()` is called. A mount may get another CA while it is used: its CRLs
 * are followed too, as soon as its list of CAs is read again.
 */
export function followMounts (context: MountRevocationContext): MountRevocation { return new MountFollower(context) }

class MountFollower implements MountRevocation, KeyedChecker {
  readonly #context: MountRevocationContext
  readonly #listeners = new Set<() => void>()
  readonly #closing = new AbortController()
  readonly #next: WakeAt
  #checker: ListedChecker | undefined
  #unsubscribe: (() => void) | undefined
  /** What the epochs of former checkers were. An epoch never decreases. */
  #former = 1
  /** The CAs that are followed. */
  #followed = ''
  #following: Promise<void> | undefined

  constructor (context: MountRevocationContext) {
    const { clock } = context
    this.#context = context
    this.#next = new WakeAt(() => { this.followAgain().catch(() => {}) }, {
      now: () => clock.now(), schedule: (task, delay) => clock.schedule(task, delay)
    })
  }

  get epoch (): number { return this.#former + (this.#checker?.epoch ?? 0) }

  get lists (): readonly CrlIndex[] { return this.#checker?.lists ?? [] }

  check (certificate: PeerIdentity, issuer: PeerIdentity | undefined): RevocationStatus | Promise<RevocationStatus> {
    return this.#checker?.check(certificate, issuer) ?? NONE
  }

  [BY_ISSUER_KEY] (
    certificate: PeerIdentity, issuer: PeerIdentity | undefined
  ): RevocationStatus | Promise<RevocationStatus> {
    return this.#checker === undefined ? NONE : byIssuerKey(this.#checker).check(certificate, issuer)
  }

  permits (status: RevocationStatus, certificate: PeerIdentity): boolean {
    return this.#checker?.permits(status, certificate) ?? false
  }

  subscribe (listener: () => void): () => void {
    const entry = (): void => { listener() }
    this.#listeners.add(entry)
    return () => { this.#listeners.delete(entry) }
  }

  async follow (signal?: AbortSignal): Promise<void> {
    this.#following ??= this.#follow().finally(() => {
      this.#following = undefined
      const { settings: { refreshInterval = REFRESH }, clock } = this.#context
      // Up to a tenth earlier, as the CRLs are fetched.
      const wait = refreshInterval * (1 - Math.random() / 10)
      if (!this.#closing.signal.aborted) this.#next.set(clock.now() + wait)
    })
    await withTimeout(this.#following, { signal })
  }

  async followAgain (signal?: AbortSignal): Promise<void> {
    try {
      await this.follow(signal)
    } catch (error) {
      if (this.#checker === undefined) throw error
      signal?.throwIfAborted()
      const { api, warn } = this.#context
      const detail = api.hide(messageOf(error)).replace(/^No certificate: /, '')
      if (!this.#closing.signal.aborted) warn(`the list of CAs was not read again, so a new CA is unknown: ${detail}`)
    }
  }

  async close (): Promise<void> {
    this.#closing.abort(new IssuerError('unreachable', 'the revocation source is closed'))
    this.#next.clear()
    this.#unsubscribe?.()
    this.#listeners.clear()
    await this.#checker?.close()
    await this.#context.close?.()
  }

  async #follow (): Promise<void> {
    const { api, mounts, clock } = this.#context
    const read = await withTimeout(async (signal) => {
      return await Promise.all(mounts.map(async (mount) => await readIssuers(api, mount, signal)))
    }, {
      timeout: FETCH_TIMEOUT,
      signal: this.#closing.signal,
      schedule: (task, delay) => clock.schedule(task, delay),
      onTimeout: () => { throw new IssuerError('unreachable', `${api.name}: no answer within ${FETCH_TIMEOUT} ms`) }
    })
    const signing = onceByName(read.flat().filter(({ hasKey }) => hasKey))
    const followed = signing.map(({ mount, id, identity }) => `${mount}/${id}/${identity.fingerprint256}`).join()
    if (followed === this.#followed) return
    this.#refuseUncovered(read.flat(), signing)
    const checker = await this.#makeChecker(signing)
    if (this.#closing.signal.aborted) {
      await checker.close()
      throw this.#closing.signal.reason
    }
    this.#replace(checker, followed)
  }

  /** Nothing would say whether a CA between is revoked, and `hard` would refuse every peer. That is told at once. */
  #refuseUncovered (issuers: readonly MountIssuer[], signing: readonly MountIssuer[]): void {
    const { settings: { policy = 'hard' }, api, mounts } = this.#context
    const modeOf = compileModes(policy)
    const covers = (name: PeerIdentity['issuer']): boolean => signing.some(({ identity: { subject } }) => {
      return name !== undefined && subject !== undefined && equalDistinguishedNames(name, subject)
    })
    const all = issuers.flatMap(({ identity, above }) => [identity, ...above])
    const lacking = all.find((one) => !isRoot(one) && !covers(one.issuer) && modeOf(one.issuer) === 'hard')
    if (lacking === undefined) return
    const root = String(lacking.issuer)
    const detail = `no CRL says whether the CA ${String(lacking.subject)} is revoked: its issuer ${root} has none in ` +
      `${mounts.join(', ')}. Add the mount of that CA to revocation.mounts, or accept it with ` +
      `revocation.policy: { issuers: { ${JSON.stringify(root)}: "soft" } }`
    throw new IssuerError('refused', `${api.name}: ${detail}`)
  }

  async #makeChecker (signing: readonly MountIssuer[]): Promise<ListedChecker> {
    const { api, settings, fetch, clock } = this.#context
    const { policy, delta = true, ocsp = false, refreshInterval = REFRESH } = settings
    const issuers = signing.map(({ identity }) => identity)
    const now = (): number => clock.now()
    const common = { issuers, fetch, now, ...(policy !== undefined && { policy }) }
    const crl = await crlUrlChecker({
      ...common,
      urls: signing.flatMap(({ mount, id }) => {
        const path = `${mount}/issuer/${id}/crl`
        return [api.urlOf(`${path}/der`), ...(delta ? [api.urlOf(`${path}/delta/der`)] : [])]
      }),
      refreshInterval,
      timeout: FETCH_TIMEOUT
    })
    if (!ocsp) return crl
    const urls = signing.map(({ mount, identity }) => ({ identity, url: api.urlOf(`${mount}/ocsp`) }))
    const responder = ocspChecker({
      ...common,
      urls: (_certificate, issuer) => urls.filter(({ identity: { subject } }) => {
        return subject !== undefined && issuer.subject !== undefined && equalDistinguishedNames(subject, issuer.subject)
      }).map(({ url }) => url),
      timeout: OCSP_TIMEOUT,
      // OpenBao says that an answer is good for 12 hours.
      maxAge: refreshInterval + OCSP_ROUNDING,
      retryAfter: Math.min(refreshInterval, OCSP_RETRY)
    })
    const both = crlAndOcsp({ crl, ocsp: responder, askAgain: refreshInterval, now })
    for (const part of [crl, responder]) joinEmitter(part, both)
    return both
  }

  #replace (checker: ListedChecker, followed: string): void {
    const before = this.#checker
    this.#former += (before?.epoch ?? 0) + 1
    this.#unsubscribe?.()
    this.#checker = checker
    this.#followed = followed
    joinEmitter(checker, this)
    this.#unsubscribe = checker.subscribe(() => { this.#tell() })
    before?.close().catch(() => {})
    this.#tell()
  }

  #tell (): void { for (const listener of [...this.#listeners]) listener() }
}

/** A CA that was certified again has one CRL for all of its certificates. */
function onceByName (issuers: readonly MountIssuer[]): readonly MountIssuer[] {
  const keys = issuers.map((one) => [`${String(one.identity.subject)} ${one.identity.publicKey256}`, one] as const)
  return [...new Map(keys).values()]
}
