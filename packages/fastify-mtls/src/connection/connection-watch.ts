import type { Duplex } from 'node:stream'
import type { HandshakeReason } from '@peerkit/events'
import { isThenable, scheduleTimer, WakeAt, whenSettled, withTimeout } from '@peerkit/identity/internal'
import type { UpgradedSockets } from '@peerkit/identity/internal'
import type { Accepted, Decision, Refused } from '@peerkit/trust'
import { refusalAfterAcceptance } from './connection-record.ts'
import type { CertificateRefusal, ConnectionRecord, PresentedClient } from './connection-record.ts'
import type { Trust } from '../handshake/trust.ts'

/** The shortest time between two revocation checks for a WebSocket, even if the checker's answers expire at once. */
const MIN_RECHECK = 1_000

/** How many connections are reviewed before the event loop runs again. They take about a millisecond. */
const REVIEWED_AT_ONCE = 100
/** How many connections are reviewed at the same time. */
const REVIEWED_CONCURRENTLY = 64

export interface WatchOptions {
  readonly trust: Trust
  readonly sockets: UpgradedSockets
  /** Grace period in milliseconds for responses in flight after the certificate became invalid. */
  readonly drainTimeout: number
  /** How long requests wait for an answer about revocation, in milliseconds. */
  readonly revocationTimeout: number
  readonly onEnded: (record: ConnectionRecord, refusal: CertificateRefusal) => void
}

/**
 * Tracks every open connection with a certificate. It evaluates them again when the trust changes or a deadline passes,
 * and ends those that are no longer accepted.
 */
export class ConnectionWatch {
  readonly #options: WatchOptions
  readonly #records = new Map<ConnectionRecord, WakeAt>()

  constructor (options: WatchOptions) {
    this.#options = options
  }

  follow (record: ConnectionRecord): void {
    if (record.decision === undefined) return
    const wake = new WakeAt(() => {
      const checked = this.check(record)
      if (checked === undefined && record.refusal === undefined) this.#arm(record)
    }, { now: this.#options.trust.now })
    this.#records.set(record, wake)
    this.#arm(record)
    record.socket.once('close', () => {
      wake.clear()
      this.#records.delete(record)
    })
  }

  /** A WebSocket sends no further requests, so its revocation status is checked by a timer. */
  followUpgraded (record: ConnectionRecord, socket: Duplex): void {
    const { sockets, trust } = this.#options
    if (!this.#records.has(record)) {
      sockets.add(socket)
      return
    }
    record.upgraded = sockets.addCheck(socket, {
      by: this,
      isAllowed: () => whenSettled(this.check(record), (reason) => reason === undefined),
      wait: () => Math.max((record.decision?.revalidateAt ?? Infinity) - trust.now(), MIN_RECHECK)
    })
    socket.once('close', () => { record.upgraded = undefined })
  }

  /**
   * Returns why a connection must not be served, or undefined if it may be. While the decision is fresh the answer is
   * immediate: it compares two numbers and the clock. Otherwise the certificate is evaluated again, once for all
   * requests that wait.
   */
  check (record: ConnectionRecord): HandshakeReason | undefined | Promise<HandshakeReason | undefined> {
    const { decision, presented, refusal } = record
    // Never evaluate a refused connection again: it is draining.
    if (refusal !== undefined) return refusal.reason
    if (decision === undefined || presented === undefined) return undefined
    if (record.deciding === undefined) {
      if (this.#options.trust.isFresh(decision)) return undefined
      const next = this.#options.trust.evaluate(presented.leaf, presented)
      if (!isThenable(next)) return this.#take(record, next)
      record.deciding = this.#decideInTime(record, decision, presented, next)
    }
    return this.#mayUseMeanwhile(decision) ? undefined : record.deciding.then(() => record.refusal?.reason)
  }

  /**
   * Evaluates every open connection again. Upgraded ones come first, because they are closed at once; the others end at
   * their next request, or when `drainTimeout` is over. A request that comes before its connection was reviewed is not
   * served on an outdated decision: `check` sees that the trust changed.
   */
  async review (): Promise<void> {
    const isUpgraded = ({ upgraded }: ConnectionRecord): boolean => upgraded !== undefined
    const all = [...this.#records.keys()]
    const queue = [...all.filter(isUpgraded), ...all.filter((record) => !isUpgraded(record))].values()
    const yieldTurn = takeTurns(REVIEWED_AT_ONCE)
    await Promise.all(Array.from({ length: REVIEWED_CONCURRENTLY }, async () => {
      for (const record of queue) {
        const pause = yieldTurn()
        if (pause !== undefined) await pause
        const checked = this.check(record)
        if (isThenable(checked)) await checked
      }
    }))
  }

  async #decideInTime (
    record: ConnectionRecord, before: Accepted, presented: PresentedClient, next: Promise<Decision>
  ): Promise<void> {
    const settled = await withTimeout<Decision | CertificateRefusal>(this.#decideUntilCurrent(presented, next), {
      timeout: this.#options.revocationTimeout, onTimeout: () => this.#useStale(before)
    })
    record.deciding = undefined
    this.#take(record, settled)
  }

  /** The trust may change while a certificate is evaluated. An outdated answer is not used. */
  async #decideUntilCurrent (
    presented: PresentedClient, next: Promise<Decision>
  ): Promise<Decision | CertificateRefusal> {
    const { trust } = this.#options
    try {
      let decision = await next
      while (decision.accepted && (!trust.isCurrent(decision) || trust.now() >= decision.notAfter)) {
        decision = await trust.evaluate(presented.leaf, presented)
      }
      return decision
    } catch {
      return { reason: 'revocation_unknown', detail: undefined }
    }
  }

  /** Without an answer in time the connection ends, unless the previous decision may still be used. */
  #useStale (before: Accepted): Accepted | CertificateRefusal {
    if (!this.#mayUseMeanwhile(before)) return { reason: 'timeout', detail: undefined }
    return {
      ...before, revalidateAt: Math.min(before.staleUntil, this.#options.trust.now() + this.#options.revocationTimeout)
    }
  }

  #mayUseMeanwhile (decision: Accepted): boolean {
    const { trust } = this.#options
    return trust.now() < Math.min(decision.staleUntil, decision.notAfter) && trust.isCurrent(decision)
  }

  #take (record: ConnectionRecord, next: Decision | CertificateRefusal): HandshakeReason | undefined {
    if ('accepted' in next && next.accepted) {
      record.decision = next
      record.peer = next.peer
      if (this.#records.has(record)) this.#arm(record)
      record.upgraded?.arm()
      return undefined
    }
    const refusal = 'accepted' in next ? refusalAfterAcceptance(this.#explain(record, next)) : next
    record.refusal = refusal
    this.#end(record, refusal)
    return refusal.reason
  }

  #explain ({ presented }: ConnectionRecord, refused: Refused): Refused {
    if (presented === undefined) return refused
    return { ...refused, detail: this.#options.trust.detailOf(refused, presented.leaf, presented.sent) }
  }

  #end (record: ConnectionRecord, refusal: CertificateRefusal): void {
    const { drainTimeout, onEnded } = this.#options
    record.upgraded?.close()
    if (this.#records.has(record)) {
      this.#records.get(record)?.clear()
      const cancel = scheduleTimer(() => {
        record.session?.destroy()
        record.socket.destroy()
      }, drainTimeout)
      record.socket.once('close', cancel)
    }
    onEnded(record, refusal)
  }

  /** Sets a timer for when a certificate of the chain expires. */
  #arm (record: ConnectionRecord): void {
    const { notAfter = Infinity } = record.decision ?? {}
    this.#records.get(record)?.set(notAfter)
  }
}

/**
 * Returns a function to await before each piece of work. After the given number of pieces it waits for the next turn of
 * the event loop.
 */
function takeTurns (pieces: number): () => Promise<void> | undefined {
  let left = pieces
  let pause: Promise<void> | undefined
  return () => {
    if (left > 0) {
      left -= 1
      return undefined
    }
    pause ??= new Promise((resolve) => {
      setImmediate(() => {
        left = pieces - 1
        pause = undefined
        resolve()
      })
    })
    return pause
  }
}
