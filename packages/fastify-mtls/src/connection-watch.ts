import type { Duplex } from 'node:stream'
import type { PeerIdentity } from '@peerkit/identity'
import type { ConnectionRecord } from './connection-record.ts'
import type { RefusalReason } from './refusal.ts'
import type { Standing, Trust } from './trust.ts'

/** What a timer can hold: 24.8 days. Certificates may last longer. */
const MAX_DELAY = 0x7fff_ffff
/** A checker whose answers have no time left is asked no more often than this for a WebSocket's sake. */
const MIN_RECHECK = 1_000

/** Long waits are cut to a multiple of this, and what is left is waited for then: Node keeps a list for each length of a timer, and certificates end at any millisecond. */
const WAIT_STEP = 10_000
/** How many connections are reviewed before the event loop gets its turn: about a millisecond's worth. */
const REVIEWED_AT_ONCE = 100
/** How many answers that take time are asked for at once. */
const REVIEWED_ABREAST = 64

export interface WatchOptions {
  readonly trust: Trust
  /** How long answers on their way may take after the certificate's end, in milliseconds. */
  readonly drainTimeout: number
  /** How long requests wait for a judgement, in milliseconds. */
  readonly judgementTimeout: number
  readonly onEnded: (record: ConnectionRecord, reason: RefusalReason) => void
}

/** Knows every open connection with a certificate, judges it again where the trust moved or time passed, and ends what no longer stands. */
export class ConnectionWatch {
  readonly #options: WatchOptions
  readonly #records = new Map<ConnectionRecord, NodeJS.Timeout>()

  constructor (options: WatchOptions) {
    this.#options = options
  }

  follow (record: ConnectionRecord): void {
    if (record.standing === undefined) return
    this.#arm(record)
    record.socket.once('close', () => {
      clearTimeout(this.#records.get(record))
      this.#records.delete(record)
    })
  }

  /** A WebSocket sends no further request, so it is watched more closely. */
  followUpgraded (record: ConnectionRecord, socket: Duplex): void {
    const upgraded = record.upgraded ??= new Set()
    upgraded.add(socket)
    socket.once('close', () => { upgraded.delete(socket) })
    if (this.#records.has(record)) this.#arm(record)
  }

  /**
   * The reason why a connection must not be served; undefined where it may be. At once where its judgement stands: two numbers and a clock. Judges again, once for all who ask,
   * where it does not.
   */
  check (record: ConnectionRecord): RefusalReason | undefined | Promise<RefusalReason | undefined> {
    const { peer, standing } = record
    if (peer === null || standing === undefined) return undefined
    // What was refused once stays refused: this connection is on its way out.
    if (standing.reason !== undefined) return standing.reason
    if (record.judging === undefined) {
      if (this.#options.trust.stands(standing)) return undefined
      const judged = this.#options.trust.judge(peer, standing.restsOn)
      if (!(judged instanceof Promise)) return this.#take(record, judged)
      record.judging = this.#judgeInTime(record, peer, standing, judged)
    }
    return this.#holdsMeanwhile(standing) ? undefined : record.judging.then(({ reason }) => reason)
  }

  /**
   * Judges every open connection again, those first that HTTP gave away and that are cut at once; the others are told at their next request, or when the time to drain is over.
   * A request that comes before its connection's turn is not served on yesterday's judgement: `check` sees that the trust moved.
   */
  async review (): Promise<void> {
    const isUpgraded = ({ upgraded }: ConnectionRecord): boolean => upgraded !== undefined && upgraded.size > 0
    const all = [...this.#records.keys()]
    const queue = [...all.filter(isUpgraded), ...all.filter((record) => !isUpgraded(record))].values()
    const breathe = takeTurns(REVIEWED_AT_ONCE)
    await Promise.all(Array.from({ length: REVIEWED_ABREAST }, async () => {
      for (const record of queue) {
        const pause = breathe()
        if (pause !== undefined) await pause
        const checked = this.check(record)
        if (checked instanceof Promise) await checked
      }
    }))
  }

  async #judgeInTime (record: ConnectionRecord, peer: PeerIdentity, before: Standing, judged: Promise<Standing>): Promise<Standing> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<Standing>((resolve) => {
      timer = setTimeout(() => { resolve(this.#outlast(before)) }, this.#options.judgementTimeout).unref()
    })
    const standing = await Promise.race([this.#judgeUntilItStands(peer, before, judged), late])
    clearTimeout(timer)
    record.judging = undefined
    this.#take(record, standing)
    return standing
  }

  /** The trust may move on while a judgement is under way; an answer of yesterday lets nobody in. */
  async #judgeUntilItStands (peer: PeerIdentity, before: Standing, judged: Promise<Standing>): Promise<Standing> {
    const { trust } = this.#options
    try {
      let standing = await judged
      while (standing.reason === undefined && (!trust.isCurrent(standing) || trust.now() >= standing.notAfter)) standing = await trust.judge(peer, before.restsOn)
      return standing
    } catch {
      return { ...before, reason: 'revocation_unknown' }
    }
  }

  /** No answer in time is no, unless the one there was has time left. */
  #outlast (before: Standing): Standing {
    if (!this.#holdsMeanwhile(before)) return { ...before, reason: 'timeout' }
    return { ...before, recheckAt: Math.min(before.heldUntil, this.#options.trust.now() + this.#options.judgementTimeout) }
  }

  #holdsMeanwhile (standing: Standing): boolean {
    const { trust } = this.#options
    return trust.now() < Math.min(standing.heldUntil, standing.notAfter) && trust.isCurrent(standing)
  }

  #take (record: ConnectionRecord, standing: Standing): RefusalReason | undefined {
    record.standing = standing
    if (standing.reason !== undefined) this.#end(record, standing.reason)
    else if (this.#records.has(record)) this.#arm(record)
    return standing.reason
  }

  #end (record: ConnectionRecord, reason: RefusalReason): void {
    const { drainTimeout, onEnded } = this.#options
    for (const socket of record.upgraded ?? []) socket.destroy()
    if (this.#records.has(record)) {
      this.#schedule(record, drainTimeout, () => {
        record.session?.destroy()
        record.socket.destroy()
      })
    }
    onEnded(record, reason)
  }

  /** For the moment when a certificate of the chain ends, and for an upgraded socket also when the answer about its revocation does. */
  #arm (record: ConnectionRecord): void {
    const { trust } = this.#options
    const { notAfter = Infinity, recheckAt = Infinity } = record.standing ?? {}
    const now = trust.now()
    const end = notAfter - now
    const recheck = (record.upgraded?.size ?? 0) > 0 ? Math.max(recheckAt - now, MIN_RECHECK) : Infinity
    const delay = Math.max(0, Math.min(end, recheck, MAX_DELAY))
    this.#schedule(record, delay > 2 * WAIT_STEP ? delay - delay % WAIT_STEP : delay, () => {
      const checked = this.check(record)
      if (checked === undefined && record.standing?.reason === undefined) this.#arm(record)
    })
  }

  #schedule (record: ConnectionRecord, delay: number, task: () => void): void {
    clearTimeout(this.#records.get(record))
    this.#records.set(record, setTimeout(task, delay).unref())
  }
}

/** Makes a function that has to be awaited before each piece of work: after so many pieces it waits for the event loop to come round. */
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
