import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import { authoritiesOf } from '@peerkit/credentials'
import type { TrustChange, TrustSnapshot, TrustSource } from '@peerkit/credentials'
import type { ManualClock } from '@peerkit/test-support/manual-clock'
import { createTrustEvaluator } from '@peerkit/trust'
import { derOf, svidOf } from './messages.ts'
import type { ResponseFields, SvidFields } from './messages.ts'

/** A trust domain with its CA. */
export class TrustDomain {
  readonly name: string
  readonly ca: DevCa

  constructor (name: string, ca: DevCa) {
    this.name = name
    this.ca = ca
  }

  static async make (name: string, options: object = {}): Promise<TrustDomain> {
    return new TrustDomain(name, await createDevCa({ name: `CA of ${name}`, ...options }))
  }

  get bundle (): Buffer { return derOf(this.ca.root) }

  async svid (path = '/ledger', { hint = '', ...options }: { hint?: string } & object = {}): Promise<SvidFields> {
    const spiffeId = `spiffe://${this.name}${path}`
    return svidOf(await this.ca.issue({ spiffe: spiffeId, ...options }), this.ca, spiffeId, hint)
  }

  /** A response with one new SVID. */
  async response (more: ResponseFields = {}): Promise<ResponseFields> {
    return { svids: [await this.svid()], ...more }
  }
}

/** The next change of a source, of one kind where that is given. */
export async function nextChange<Snapshot extends TrustSnapshot> (source: TrustSource<Snapshot>, type?: TrustChange['type']): Promise<TrustChange<Snapshot>> {
  return await new Promise((resolve) => {
    const end = source.subscribe((change) => {
      if (type !== undefined && change.type !== type) return
      end()
      resolve(change)
    })
  })
}

/** Which authority of a source accepts a client with a SPIFFE ID, or why none does. */
export async function accepts (source: TrustSource, issuer: TrustDomain, id: string): Promise<string> {
  const trust = createTrustEvaluator({ authorities: () => authoritiesOf(source.current, 'clients'), version: () => 1 })
  const decision = await trust.evaluate((await issuer.ca.issue({ spiffe: id })).der)
  return decision.accepted ? `accepted by ${decision.authority}` : decision.reason
}

/** Waits until a start has read its files, and ends its time. */
export async function endStart (clock: ManualClock, starting: Promise<unknown>): Promise<void> {
  starting.catch(() => {})
  await clock.nextTask((delay) => delay === 10_000)
  for (let turns = 0; turns < 10; turns++) await new Promise<void>((resolve) => { setImmediate(resolve) })
  clock.advance(30_000)
}

/** Keeps the process of a test alive: a source does not. */
export function stayAlive (t: { after (task: () => void): unknown }): void {
  const alive = setInterval(() => {}, 1_000)
  t.after(() => { clearInterval(alive) })
}
