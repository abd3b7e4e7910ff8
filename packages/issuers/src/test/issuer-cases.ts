import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { renewingCredentials } from '@peerkit/credentials'
import type {
  CertificateIssuer, CredentialChange, RenewingCredentialsOptions, TimedCredentials
} from '@peerkit/credentials'
import { CaseWorld } from './issuer-world.ts'
import type { Behaviour, IssuerWorld } from './issuer-world.ts'

/** An issuer that runs against the CA of a case. */
export interface StartedIssuer {
  readonly issuer: CertificateIssuer
  /** Whether its answers have the CAs to trust. */
  readonly givesCa: boolean
  close (): Promise<void>
}

/** Starts the issuer that is tested. What it calls has to ask `world.answer` for each certificate. */
export type IssuerHarness = (world: IssuerWorld) => Promise<StartedIssuer>

/** One case of the kit. */
export interface IssuerCase {
  readonly name: string
  /** @throws AssertionError if the issuer does not do what it should */
  run (harness: IssuerHarness): Promise<void>
}

interface Play {
  readonly world: CaseWorld
  readonly started: StartedIssuer
  start (options?: Partial<RenewingCredentialsOptions>): Promise<TimedCredentials>
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** Milliseconds to the next try. Shorter than the time of a call, so that none ends while the clock moves. */
const RETRY = 1_000

/**
 * The cases that every issuer has to pass, to be run with any test runner. The CA of a case lies, is slow, is away, or
 * has another clock.
 *
 * @example
 * ```ts
 * const harness = async (world) => {
 *   const issue = async ({ publicKey }) => {
 *     const answer = await world.answer(publicKey)
 *     if (answer.type !== 'issued') throw new Error(answer.type)
 *     return { cert: [answer.leaf, ...answer.intermediates].join('') }
 *   }
 *   return { issuer: { issue }, givesCa: false, close: async () => {} }
 * }
 * await issuerCases[0].run(harness)
 * console.log(issuerCases[0].name) // issues a certificate for our key
 * ```
 */
export const issuerCases: readonly IssuerCase[] = Object.freeze([
  define('issues a certificate for our key', async ({ start, world }) => {
    const { current } = await start()
    assert.ok(new X509Certificate(current.cert).checkPrivateKey(createPrivateKey(current.key ?? '')))
    assert.equal(current.intermediates.length, 1, 'the chain has its intermediate')
    assert.deepEqual(current.warnings, [])
    assert.equal(world.calls, 1)
  }),
  define('renews after two thirds of the lifetime, with a new key', async ({ start, world }) => {
    const source = await start()
    const before = source.current
    const rotated = next(source, 'rotated')
    world.clock.advance(16 * HOUR)
    await rotated
    assert.notEqual(source.current.key, before.key)
    assert.ok(source.current.notAfter > before.notAfter)
  }),
  define('renews a certificate of 60 seconds in time', async ({ start, world }) => {
    world.lifetime = MINUTE
    const source = await start()
    for (let round = 0; round < 3; round += 1) {
      const rotated = next(source, 'rotated')
      world.clock.advance(40_000)
      await rotated
      assert.ok(source.current.notAfter > world.clock.now())
    }
  }),
  define('accepts a certificate of an issuer whose clock is behind', async ({ start, world }) => {
    world.ahead = -10 * MINUTE
    assert.ok((await start()).current.notAfter > world.clock.now())
  }),
  define('refuses a certificate of an issuer whose clock is ahead, until it starts', async ({ start, world }) => {
    const source = await start()
    world.ahead = 2 * MINUTE
    await refuses(source, world, 'issue')
    const rotated = next(source, 'rotated')
    world.ahead = 0
    world.clock.advance(RETRY)
    await rotated
  }),
  refusal('refuses a certificate for another key', 'other_key'),
  refusal('refuses a certificate that has expired', 'expired'),
  refusal('refuses a certificate that is not valid yet', 'not_yet_valid'),
  refusal('refuses a chain without its intermediate', 'no_intermediate'),
  refusal('refuses an answer that is not of the API', 'garbage'),
  refusal('refuses nothing silently when the connection breaks after the order', 'dropped'),
  define('waits as long as a rate limit says', async ({ start, world }) => {
    const source = await start()
    await refuses(source, world, 'rate_limited')
    world.behaviour = 'issue'
    const { calls } = world
    world.clock.advance(9 * MINUTE)
    assert.equal(world.calls, calls, 'it does not ask before the time of Retry-After')
    const rotated = next(source, 'rotated')
    world.clock.advance(MINUTE)
    await rotated
  }),
  define('serves the last certificate through an outage, and renews when it is over', async ({ start, world }) => {
    const source = await start()
    const before = source.current
    await refuses(source, world, 'unavailable')
    for (let round = 0; round < 6; round += 1) {
      const asked = world.nextCall()
      world.clock.advance(RETRY)
      await asked
      await settle(source)
    }
    assert.equal(source.current, before)
    const recovered = next(source, 'recovered')
    world.behaviour = 'issue'
    world.clock.advance(RETRY)
    await recovered
    assert.ok(source.current.notAfter > before.notAfter)
  }),
  define('follows another root', async ({ start, started, world }) => {
    const source = await start()
    await world.replaceRoot()
    const change = next(source, started.givesCa ? 'rotated' : 'refused')
    world.clock.advance(16 * HOUR)
    await change
    const isTrusted = source.current.ca.some((pem) => pem.trim() === world.root.trim())
    assert.equal(isTrusted, started.givesCa, 'the CAs of the answer are trusted, and no others')
  }),
  define('ends at once when it is closed during a call', async ({ start, world }) => {
    const source = await start()
    world.behaviour = 'silent'
    const asked = world.nextCall()
    world.clock.advance(16 * HOUR)
    await asked
    await source.close()
    world.release()
  }),
  define('gives up a call after its time, and asks again', async ({ start, world }) => {
    const source = await start()
    world.behaviour = 'silent'
    const asked = world.nextCall()
    world.clock.advance(16 * HOUR)
    await asked
    const refused = next(source, 'refused')
    world.clock.advance(11_000)
    await refused
    world.behaviour = 'issue'
    const rotated = next(source, 'rotated')
    world.clock.advance(RETRY)
    await rotated
    world.release()
  }),
  define('says at the start why there is no certificate', async ({ start, world }) => {
    for (const behaviour of ['unavailable', 'garbage', 'other_key', 'expired'] as const) {
      world.behaviour = behaviour
      await assert.rejects(start(), (error: Error & { code?: string }) => /^MTLS_ERR_/.test(String(error.code)))
    }
  })
])

function refusal (name: string, behaviour: Behaviour): IssuerCase {
  return define(name, async ({ start, world }) => {
    const source = await start()
    const before = source.current
    await refuses(source, world, behaviour)
    assert.equal(source.current, before, 'the former certificate stays in use')
    world.behaviour = 'issue'
    const rotated = next(source, 'rotated')
    world.clock.advance(RETRY)
    await rotated
  })
}

function define (name: string, play: (given: Play) => Promise<void>): IssuerCase {
  return {
    name,
    async run (harness) {
      const world = await CaseWorld.create()
      const started = await harness(world)
      const sources: TimedCredentials[] = []
      const start: Play['start'] = async (options) => {
        const source = await renewingCredentials(started.issuer, {
          ca: world.root,
          chain: 'required',
          clock: world.clock,
          random: () => 0,
          attempts: 1,
          retryFirst: RETRY,
          retryLongest: RETRY,
          ...options
        })
        sources.push(source)
        return source
      }
      try {
        await play({ world, started, start })
      } finally {
        await Promise.all(sources.map(async (source) => { await source.close() }))
        world.release()
        await started.close()
      }
    }
  }
}

/** Lets the certificate become due while the CA does what it should not. */
async function refuses (source: TimedCredentials, world: CaseWorld, behaviour: Behaviour): Promise<void> {
  world.behaviour = behaviour
  const refused = next(source, 'refused')
  world.clock.advance(16 * HOUR)
  const change = await refused
  assert.match(String((change as { error?: { code?: string } }).error?.code), /^MTLS_ERR_/)
}

/** Waits for a change, and until the source has done what belongs to it: it tells first, and sets its timer then. */
async function next (source: TimedCredentials, type: CredentialChange['type']): Promise<CredentialChange> {
  const change = await new Promise<CredentialChange>((resolve) => {
    const end = source.subscribe((found) => {
      if (found.type !== type) return
      end()
      resolve(found)
    })
  })
  await new Promise((resolve) => setImmediate(resolve))
  return change
}

/** Waits until the call that is running has ended. */
async function settle (source: TimedCredentials): Promise<void> { await source.refresh().catch(() => {}) }
