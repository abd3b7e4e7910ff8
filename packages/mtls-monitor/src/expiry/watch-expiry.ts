import type { CredentialSource } from '@peerkit/credentials'
import { EMITTER, expirySoon, joinApp, listen } from '@peerkit/events'
import type { EventMessage, ExpiringMessage } from '@peerkit/events'
import { endOfValidity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import {
  anything, choice, clock, count, credentialSource, defineOptions, duration, WakeAt
} from '@peerkit/identity/internal'
import type { OptionSet, OptionTypes } from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import { LRUCache } from 'lru-cache'
import { MonitorOptionError } from '../errors.ts'
import { SERVER } from '../server-option.ts'
import { listEndings } from './own-material.ts'
import { compileThresholds, DEFAULT_THRESHOLDS } from './thresholds.ts'
import type { BoundariesOf, Threshold } from './thresholds.ts'

/** Options of expiry warnings in {@link watchExpiry} and `startMonitor`. */
export interface ExpiryOptions {
  /**
   * When to warn. Default `30d`, `7d` and `1d`; for shorter lifetimes `1/5` and `1/20`. There is always a warning when
   * something has expired.
   */
  readonly thresholds?: readonly Threshold[]
  /**
   * Which certificates of clients are checked: at each connection (default), also at each allowed request (for
   * connections that stay open for days), or none.
   */
  readonly peers?: 'connections' | 'requests' | 'none'
  /**
   * How many clients are remembered, so that each threshold is reported once. Default 10,000. The least recently used
   * is dropped first.
   */
  readonly maxPeers?: number
  /**
   * The longest time between two checks, in milliseconds. Default 3,600,000. A threshold that passes earlier is checked
   * then.
   */
  readonly interval?: number
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

/** Options of {@link watchExpiry}. */
export interface WatchExpiryOptions extends ExpiryOptions {
  /** The source of the own chain, the trusted CAs and their CRLs. */
  readonly credentials?: CredentialSource
  /** A revocation checker whose CRLs are checked too. */
  readonly revocation?: RevocationChecker
  /** The HTTP server of an app (`app.server`), to check only the clients of this app. Default: the whole process. */
  readonly server?: object | undefined
}

/** A running watch. */
export interface ExpiryWatch {
  /** Checks the own chain, the CAs and the CRLs now. */
  check (): void
  close (): void
}

const MAX_WARNED = 5_000
const MIN_INTERVAL = 1_000

const EXPIRY: OptionTypes<ExpiryOptions> = {
  thresholds: anything,
  peers: choice('connections', 'requests', 'none'),
  maxPeers: count({ least: 1, most: 1_000_000 }),
  interval: duration({ least: MIN_INTERVAL }),
  now: clock
}
export const expiryOptions: OptionSet = defineOptions<ExpiryOptions>('expiry', MonitorOptionError, EXPIRY)
const OPTIONS = defineOptions<WatchExpiryOptions>('expiry', MonitorOptionError, {
  ...EXPIRY, credentials: credentialSource, revocation: anything, server: SERVER
})

/**
 * Publishes `peerkit:expiry:soon` once for each threshold that a certificate or CRL passes: the own chain, the trusted
 * CAs, the CRLs, and the certificates of clients.
 *
 * @param options all optional
 * @returns the watch; close it with `close()`
 * @throws MonitorOptionError if an option is wrong
 * @example
 * ```ts
 * const stop = listen({ 'peerkit:expiry:soon': ({ name, left }) => { console.log(name, left) } })
 * const watch = watchExpiry({ credentials, thresholds: ['14d', '1/5'] })
 * watch.close()
 * stop()
 * ```
 */
export function watchExpiry (options: WatchExpiryOptions): ExpiryWatch {
  OPTIONS.check(options, 'expiry')
  return new LiveExpiryWatch(options)
}

/** `end`: the first moment at which it is no longer valid. */
interface Life { readonly notBefore: number | undefined, readonly end: number }

type Subject = Omit<ExpiringMessage, keyof EventMessage | 'left' | 'threshold'>

class LiveExpiryWatch implements ExpiryWatch {
  readonly #credentials: CredentialSource | undefined
  readonly #revocation: RevocationChecker | undefined
  readonly #boundariesOf: BoundariesOf
  readonly #interval: number
  readonly #now: () => number
  /** The threshold of the last warning. */
  readonly #warned: LRUCache<string, { threshold: string | undefined }> = new LRUCache({ max: MAX_WARNED })
  readonly #warnedPeers: LRUCache<string, { threshold: string | undefined }>
  /** When to check a client again. The requests of a connection share the identity object. */
  readonly #nextCheck: WeakMap<PeerIdentity, number> = new WeakMap()
  readonly #closers: Array<() => void> = []
  readonly #next: WakeAt
  #closed = false

  constructor (
    {
      credentials,
      revocation,
      thresholds = DEFAULT_THRESHOLDS,
      peers = 'connections',
      maxPeers = 10_000,
      interval = 3_600_000,
      now = Date.now,
      server
    }: WatchExpiryOptions
  ) {
    this.#credentials = credentials
    this.#revocation = revocation
    this.#boundariesOf = compileThresholds(thresholds)
    this.#warnedPeers = new LRUCache({ max: maxPeers })
    this.#interval = interval
    this.#now = now
    this.#next = new WakeAt(() => { this.check() }, { now })
    if (server !== undefined) this.#closers.push(joinApp(server, this))
    if (peers !== 'none') {
      this.#closers.push(
        listen({ 'peerkit:connection:identified': ({ peer }) => { this.#checkPeer(peer) } }, { server })
      )
    }
    if (peers === 'requests') {
      this.#closers.push(listen({
        'peerkit:request:allowed': ({ peer }) => {
          if (peer !== null) this.#checkPeer(peer)
        }
      }, { server }))
    }
    const check = (): void => { this.check() }
    if (credentials !== undefined) this.#closers.push(credentials.subscribe(check))
    if (revocation !== undefined) this.#closers.push(revocation.subscribe(check))
    this.check()
  }

  check (): void {
    if (this.#closed) return
    const now = this.#now()
    let next = now + this.#interval
    for (const { key, notBefore, end, ...ending } of listEndings(this.#credentials, this.#revocation)) {
      next = Math.min(next, this.#warn(this.#warned, key, { notBefore, end }, ending))
    }
    this.#next.set(Math.max(next, now + MIN_INTERVAL))
  }

  close (): void {
    this.#closed = true
    this.#next.clear()
    for (const close of this.#closers) close()
    this.#warned.clear()
    this.#warnedPeers.clear()
  }

  #checkPeer (peer: PeerIdentity): void {
    const { notAfter, notBefore, fingerprint256, serialNumber, issuer, authority } = peer
    if (notAfter === undefined || this.#now() < (this.#nextCheck.get(peer) ?? 0)) return
    const named = { name: peer.toString(), issuer: issuer?.toString(), serialNumber, fingerprint256 }
    const ending = { what: 'peer', ...named, authority, notAfter } as const
    this.#nextCheck.set(
      peer,
      this.#warn(this.#warnedPeers, fingerprint256 ?? ending.name, { notBefore, end: endOfValidity(peer) }, ending)
    )
  }

  /** Warns once about the latest threshold that was passed. Returns the time of the next one. */
  #warn (
    memory: LRUCache<string, { threshold: string | undefined }>,
    key: string,
    { notBefore, end }: Life,
    ending: Subject
  ): number {
    const now = this.#now()
    const boundaries = this.#boundariesOf(notBefore, end)
    const passed = boundaries.filter(({ at }) => at <= now)
    const next = boundaries[passed.length]?.at ?? Infinity
    const { threshold } = passed.at(-1) ?? {}
    if (threshold === undefined) return next
    if (memory.get(key)?.threshold === threshold) return next
    memory.set(key, { threshold })
    const message: ExpiringMessage = { v: 1, time: now, [EMITTER]: () => this, ...ending, left: end - now, threshold }
    if (expirySoon.hasSubscribers) expirySoon.publish(message)
    return next
  }
}
