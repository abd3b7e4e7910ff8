import { createDevCa } from '@peerkit/dev-ca'
import { signFor } from '@peerkit/test-support/certificates'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { renewingCredentials } from '../../src/index.ts'
import type {
  CertificateIssuer, CertificateStore, IssuedMaterial, RenewingCredentialsOptions, TimedCredentials
} from '../../src/index.ts'

export const HOUR = 3_600_000
export const ca = await createDevCa({ notAfter: new Date(Date.now() + 400 * 24 * HOUR) })

/** An issuer of certificates of three hours, which counts its calls and can be away. */
export class CountingIssuer implements CertificateIssuer {
  readonly name = 'the CA of the test'
  id = 'ledger'
  calls = 0
  isAway = false
  /** What an answer has besides the certificate. */
  more: Partial<IssuedMaterial> = {}
  readonly #clock: ManualClock

  constructor (clock: ManualClock) { this.#clock = clock }

  async issue ({ publicKey }: { readonly publicKey: string }): Promise<IssuedMaterial> {
    this.calls += 1
    if (this.isAway) throw new Error('the CA is away')
    const now = this.#clock.now()
    return { cert: await signFor(ca, publicKey, { notBefore: now, notAfter: now + 3 * HOUR }), ...this.more }
  }
}

/** A store in memory that can be away. */
export class MemoryStore implements CertificateStore {
  readonly name = 'the store of the test'
  text: string | undefined
  isLocked = false
  /** How often the lock was wanted. */
  locks = 0
  failure: Error | undefined

  async load (): Promise<string | undefined> {
    this.#check()
    return this.text
  }

  async save (text: string): Promise<void> {
    this.#check()
    this.text = text
  }

  async lock (): Promise<(() => Promise<void>) | undefined> {
    this.#check()
    this.locks += 1
    if (this.isLocked) return undefined
    this.isLocked = true
    return async () => { this.isLocked = false }
  }

  #check (): void { if (this.failure !== undefined) throw this.failure }
}

export interface World {
  readonly clock: ManualClock
  readonly issuer: CountingIssuer
  readonly store: MemoryStore
  start (options?: RenewingCredentialsOptions): Promise<TimedCredentials>
}

/** The sources are closed after the test. */
export function makeWorld (t: { teardown (end: () => Promise<void>): unknown }): World {
  const clock = new ManualClock()
  const issuer = new CountingIssuer(clock)
  const store = new MemoryStore()
  const sources: TimedCredentials[] = []
  t.teardown(async () => { await Promise.all(sources.map(async (source) => { await source.close() })) })
  return {
    clock,
    issuer,
    store,
    async start (options) {
      const source = await renewingCredentials(issuer, {
        ca: ca.root, clock, random: () => 0, attempts: 1, store, ...options
      })
      sources.push(source)
      return source
    }
  }
}
