import type { CredentialSource } from '@peerkit/credentials'
import { expirySoon, listen } from '@peerkit/events'
import type { ExpiringMessage } from '@peerkit/events'
import { endOfValidity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { RevocationChecker } from '@peerkit/revocation'
import { BoundedMap } from '../bounded-map.ts'
import { MTLS_ERR_MONITOR_OPTION } from '../errors.ts'
import { checkCredentials, checkKeys, checkNumber } from '../option-check.ts'
import { listEndings } from './own-material.ts'
import { compileThresholds, DEFAULT_THRESHOLDS } from './thresholds.ts'
import type { BoundariesOf, Threshold } from './thresholds.ts'

export interface ExpiryOptions {
  /** When to say something. Default 30d, 7d, 1d, and for what lives too short for these 1/5 and 1/20 of its life. What has ended is always told. */
  readonly thresholds?: readonly Threshold[]
  /** Whose certificates are looked at beside our own: clients as they connect (default), also at each allowed request (for connections that stay open for days), or nobody's. */
  readonly peers?: 'connections' | 'requests' | 'none'
  /** How many clients' certificates are remembered as told of. Default 10,000; those not seen for longest make room. */
  readonly maxPeers?: number
  /** Milliseconds between two looks at what is ours, at most. Default 3,600,000; sooner where something passes a threshold before. */
  readonly interval?: number
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

export interface WatchExpiryOptions extends ExpiryOptions {
  /** Our own chain, the CAs that we trust, and their CRLs. */
  readonly credentials?: CredentialSource
  /** Where its CRLs are to be looked at too. */
  readonly revocation?: RevocationChecker
}

export interface ExpiryWatch {
  /** Looks at what is ours, now. */
  check (): void
  close (): void
}

export const EXPIRY_KEYS: readonly string[] = ['thresholds', 'peers', 'maxPeers', 'interval', 'now']

const MAX_WARNED = 5_000
const MIN_INTERVAL = 1_000

/** Publishes `peerkit:expiry:soon`, once for each certificate or CRL and threshold that it passes. Throws MTLS_ERR_MONITOR_OPTION. */
export function watchExpiry (options: WatchExpiryOptions): ExpiryWatch {
  checkKeys(options, [...EXPIRY_KEYS, 'credentials', 'revocation'], 'expiry')
  if (options.credentials !== undefined) checkCredentials(options.credentials, 'expiry.credentials')
  return new LiveExpiryWatch(options)
}

/** `end`: the first moment in which it no longer counts. */
interface Life { readonly notBefore: number | undefined, readonly end: number }

type Subject = Omit<ExpiringMessage, 'v' | 'time' | 'left' | 'threshold'>

class LiveExpiryWatch implements ExpiryWatch {
  readonly #credentials: CredentialSource | undefined
  readonly #revocation: RevocationChecker | undefined
  readonly #boundariesOf: BoundariesOf
  readonly #interval: number
  readonly #now: () => number
  /** The threshold that was told last. */
  readonly #warned: BoundedMap<string, { threshold: string | undefined }> = new BoundedMap(MAX_WARNED)
  readonly #warnedPeers: BoundedMap<string, { threshold: string | undefined }>
  /** When a peer that was looked at is worth another look: requests of one connection share the object. */
  readonly #nextCheck: WeakMap<PeerIdentity, number> = new WeakMap()
  readonly #closers: Array<() => void> = []
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor ({ credentials, revocation, thresholds = DEFAULT_THRESHOLDS, peers = 'connections', maxPeers, interval, now = Date.now }: WatchExpiryOptions) {
    this.#credentials = credentials
    this.#revocation = revocation
    this.#boundariesOf = compileThresholds(thresholds)
    this.#warnedPeers = new BoundedMap(checkNumber(maxPeers, 10_000, 'expiry.maxPeers', 1))
    this.#interval = checkNumber(interval, 3_600_000, 'expiry.interval', MIN_INTERVAL, 0x7fff_ffff)
    this.#now = now
    if (!['connections', 'requests', 'none'].includes(peers)) throw new MTLS_ERR_MONITOR_OPTION(`expiry.peers is ${JSON.stringify(peers)}; expected "connections", "requests" or "none"`)
    if (peers !== 'none') this.#closers.push(listen({ 'peerkit:connection:identified': ({ peer }) => { this.#checkPeer(peer) } }))
    if (peers === 'requests') this.#closers.push(listen({ 'peerkit:request:allowed': ({ peer }) => { if (peer !== null) this.#checkPeer(peer) } }))
    const check = (): void => { this.check() }
    if (credentials !== undefined) this.#closers.push(credentials.subscribe(check))
    if (revocation !== undefined) this.#closers.push(revocation.subscribe(check))
    this.check()
  }

  check (): void {
    if (this.#closed) return
    clearTimeout(this.#timer)
    const now = this.#now()
    let next = now + this.#interval
    for (const { key, notBefore, end, ...ending } of listEndings(this.#credentials, this.#revocation)) {
      next = Math.min(next, this.#warn(this.#warned, key, { notBefore, end }, ending))
    }
    this.#timer = setTimeout(() => { this.check() }, Math.max(next - now, MIN_INTERVAL)).unref()
  }

  close (): void {
    this.#closed = true
    clearTimeout(this.#timer)
    for (const close of this.#closers) close()
    this.#warned.clear()
    this.#warnedPeers.clear()
  }

  #checkPeer (peer: PeerIdentity): void {
    const { notAfter, notBefore, fingerprint256, serialNumber, issuer, authority } = peer
    if (notAfter === undefined || this.#now() < (this.#nextCheck.get(peer) ?? 0)) return
    const named = { name: peer.toString(), issuer: issuer?.toString(), serialNumber, fingerprint256 }
    const ending = { what: 'peer', ...named, authority, notAfter } as const
    this.#nextCheck.set(peer, this.#warn(this.#warnedPeers, fingerprint256 ?? ending.name, { notBefore, end: endOfValidity(peer) }, ending))
  }

  /** Tells of the latest threshold that was passed, once. Returns when the next one is. */
  #warn (memory: BoundedMap<string, { threshold: string | undefined }>, key: string, { notBefore, end }: Life, ending: Subject): number {
    const now = this.#now()
    const boundaries = this.#boundariesOf(notBefore, end)
    const passed = boundaries.filter(({ at }) => at <= now)
    const next = boundaries[passed.length]?.at ?? Infinity
    const { threshold } = passed.at(-1) ?? {}
    if (threshold === undefined) return next
    const last = memory.touch(key, () => ({ threshold: undefined }))
    if (last.threshold === threshold) return next
    last.threshold = threshold
    const message: ExpiringMessage = { v: 1, time: now, ...ending, left: end - now, threshold }
    if (expirySoon.hasSubscribers) expirySoon.publish(message)
    return next
  }
}
