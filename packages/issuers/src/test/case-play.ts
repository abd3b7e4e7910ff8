import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { renewingCredentials } from '@peerkit/credentials'
import type { CredentialChange, RenewingCredentialsOptions, TimedCredentials } from '@peerkit/credentials'
import type { StartedIssuer } from './issuer-case.ts'
import type { Behaviour, CaseWorld } from './issuer-world.ts'
import { WatchedIssuer } from './watched-issuer.ts'

export const MINUTE = 60_000
export const HOUR: number = 60 * MINUTE
/** Milliseconds to the next try. Shorter than the time of a call, so that none ends while the clock moves. */
export const RETRY = 1_000
/** Turns of the event loop in which a source uses an answer. */
const TURNS = 100

/** What a case plays with: an issuer, the CA that it asks, and the sources that use it. */
export class CasePlay {
  readonly world: CaseWorld
  readonly started: StartedIssuer
  readonly issuer: WatchedIssuer
  readonly #patience: number
  readonly #sources: TimedCredentials[] = []

  /** @param patience milliseconds after which an issuer that does nothing has failed */
  constructor (world: CaseWorld, started: StartedIssuer, patience: number) {
    this.world = world
    this.started = started
    this.issuer = new WatchedIssuer(started.issuer, started.secrets ?? [])
    this.#patience = patience
  }

  async start (options: Partial<RenewingCredentialsOptions> = {}): Promise<TimedCredentials> {
    const { world: { root, clock }, issuer } = this
    const source = await this.within('a certificate', renewingCredentials(issuer, {
      ca: root,
      chain: 'required',
      clock,
      random: () => 0,
      attempts: 1,
      retryFirst: RETRY,
      retryLongest: RETRY,
      ...options
    }))
    this.#sources.push(source)
    return source
  }

  /** @throws AssertionError if it starts, or does not say why not */
  async failToStart (): Promise<void> {
    const error: unknown = await this.start().then(() => undefined, (reason: unknown) => reason)
    assert.ok(error instanceof Error, 'a start without a certificate fails')
    if (error instanceof assert.AssertionError) throw error
    this.#assertTold(error)
  }

  /** Lets the certificate become due while the CA does what it should not. */
  async refuse (source: TimedCredentials, behaviour: Behaviour): Promise<void> {
    this.world.behaviour = behaviour
    const refused = this.next(source, 'refused')
    this.world.clock.advance(16 * HOUR)
    const change = await refused
    this.#assertTold((change as { error?: unknown }).error)
  }

  /** Lets the next try succeed. */
  async renew (source: TimedCredentials, wait: number = RETRY): Promise<void> {
    this.world.behaviour = 'issue'
    const rotated = this.next(source, 'rotated')
    this.world.clock.advance(wait)
    await rotated
  }

  /**
   * Waits for a change, and until the source has done what belongs to it: it tells first, and sets its timer then.
   *
   * @throws AssertionError if there is another change, or none
   */
  async next (source: TimedCredentials, wanted: CredentialChange['type']): Promise<CredentialChange> {
    const { promise, resolve, reject } = Promise.withResolvers<CredentialChange>()
    const end = source.subscribe((change) => {
      if (change.type === wanted) resolve(change)
      else if (change.type === 'refused') reject(change.error)
      else if (wanted === 'refused') reject(new assert.AssertionError({ message: `${change.type}; expected refused` }))
    })
    const ended = this.issuer.endOfNext().then(async () => {
      for (let turns = 0; turns < TURNS; turns += 1) await turn()
      throw new assert.AssertionError({ message: `the answer changed nothing; expected the change ${wanted}` })
    })
    ended.catch(() => {})
    try {
      const change = await this.within(`the change ${wanted}`, Promise.race([promise, ended]))
      await turn()
      return change
    } finally {
      end()
    }
  }

  /** Waits until the call that is running has ended. */
  async settle (source: TimedCredentials): Promise<void> {
    await this.within('an answer', source.refresh().catch(() => {}))
  }

  /** Waits until no call of the issuer runs. */
  async stop (): Promise<void> {
    await this.within('the end of a call whose signal is aborted', this.issuer.endOfAll())
  }

  async within<Value> (what: string, promise: Promise<Value>): Promise<Value> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      const message = `the issuer did nothing for ${this.#patience} ms; expected ${what}`
      reject(new assert.AssertionError({ message }))
    }, this.#patience)
    try {
      return await Promise.race([promise, late])
    } finally {
      clearTimeout(timer)
    }
  }

  async close (): Promise<void> {
    await Promise.all(this.#sources.map(async (source) => { await source.close() }))
    this.world.release()
    // A start that still waits for an answer would keep the process alive.
    this.world.clock.advance(MINUTE)
    await this.started.close()
  }

  /** An operator has to learn from it what is wrong, and nothing that is secret. */
  #assertTold (error: unknown): void {
    const { code, message } = error as { code?: unknown, message?: unknown }
    assert.match(String(code), /^MTLS_ERR_/)
    assert.doesNotMatch(String(message), /failed: (\w*Error)?:?\s*$/, 'the error of the issuer says what is wrong')
    this.issuer.assertHidden(error)
  }
}
