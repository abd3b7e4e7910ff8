import { setImmediate as turn } from 'node:timers/promises'
import { renewingCredentials } from '@peerkit/credentials'
import type { IssuedMaterial, TimedCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { ManualClock } from './manual-clock.ts'

const SECOND = 1_000
const DAY = 86_400_000

/** A clock of many sources. It knows how many calls are running: each has a timer for its time limit. */
export class FleetClock extends ManualClock {
  /** No other timer has this delay: waits are of multiples of ten seconds, or of twenty at most. */
  static readonly timeout = 25_001
  readonly start: number = this.now()
  #running = 0

  override schedule (task: () => void, delay: number): () => void {
    const cancel = super.schedule(task, delay)
    if (delay !== FleetClock.timeout) return cancel
    this.#running += 1
    return () => {
      this.#running -= 1
      cancel()
    }
  }

  /** Moves on second by second, and lets every instance do what it has to do. */
  async pass (time: number): Promise<void> {
    for (let passed = 0; passed < time; passed += SECOND) {
      this.advance(SECOND)
      do await turn(); while (this.#running > 0)
    }
  }
}

/** Many instances of a service, each with its own certificate of one issuer. */
export interface Fleet {
  readonly clock: FleetClock
  /** Calls of the issuer in each second since the start, without those of the start. Seconds without a call are holes. */
  readonly calls: number[]
  close (): Promise<void>
}

/** How a fleet is started. */
export interface FleetOptions {
  readonly instances: number
  /** From the start of a certificate to its end, in milliseconds. */
  readonly life: number
  /** Called for each call after the start. What it throws is what the issuer answers. */
  readonly refuse?: (clock: FleetClock) => void
}

/**
 * Starts all instances at one moment. Signing a certificate for each takes long, so all get the same one at the start,
 * and another one, half a life younger, later.
 */
export async function startFleet ({ instances, life, refuse = () => {} }: FleetOptions): Promise<Fleet> {
  const ca = await createDevCa({ notAfter: new Date(Date.now() + 400 * DAY) })
  const certify = async (notBefore: number): Promise<IssuedMaterial> => {
    const { chain, key } = await ca.issue({ notBefore: new Date(notBefore), notAfter: new Date(notBefore + life) })
    return { cert: chain, key, ca: ca.root }
  }
  const clock = new FleetClock()
  const [first, later] = [await certify(clock.start), await certify(clock.start + life / 2)]
  const calls: number[] = []
  let isStarting = true
  const issue = (): IssuedMaterial => {
    if (isStarting) return first
    const second = Math.floor((clock.now() - clock.start) / SECOND)
    calls[second] = (calls[second] ?? 0) + 1
    refuse(clock)
    return later
  }
  const sources: TimedCredentials[] = []
  for (let index = 0; index < instances; index += 1) {
    sources.push(await renewingCredentials({ issue }, { clock, timeout: FleetClock.timeout }))
  }
  isStarting = false
  return {
    clock,
    calls,
    async close () { await Promise.all(sources.map(async (source) => { await source.close() })) }
  }
}

/** How many calls there were in all. */
export function sumOf (calls: readonly number[]): number { return calls.reduce((all, count = 0) => all + count, 0) }

/** How many calls there were in the second with the most of them. */
export function mostOf (calls: readonly number[]): number { return Math.max(0, ...calls.filter((count) => count > 0)) }
