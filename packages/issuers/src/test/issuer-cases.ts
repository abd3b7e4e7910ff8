import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { CasePlay, HOUR, MINUTE, RETRY } from './case-play.ts'
import type { IssuerCase } from './issuer-case.ts'
import { CaseWorld } from './issuer-world.ts'
import type { Behaviour } from './issuer-world.ts'

/**
 * The cases that every issuer has to pass, to be run with any test runner. The CA of a case lies, is slow, is away, or
 * has another clock.
 *
 * @example
 * ```ts
 * const harness: IssuerHarness = async (world) => {
 *   const issue: CertificateIssuer['issue'] = async ({ publicKey }) => {
 *     const answer = await world.answer(publicKey)
 *     if (answer.type !== 'issued') throw new Error(answer.type)
 *     return { cert: [answer.leaf, ...answer.intermediates].join('') }
 *   }
 *   return { issuer: { issue }, givesCa: false, close: async () => {} }
 * }
 * for (const { run } of issuerCases.slice(0, 2)) await run(harness)
 * ```
 */
export const issuerCases: readonly IssuerCase[] = Object.freeze([
  define('issues a certificate for our key', async (play) => {
    const { current } = await play.start()
    assert.ok(new X509Certificate(current.cert).checkPrivateKey(createPrivateKey(current.key ?? '')))
    assert.equal(current.intermediates.length, 1, 'the chain has its intermediate')
    assert.deepEqual(current.warnings, [])
    assert.equal(play.world.calls, 1, 'one certificate is ordered')
  }),
  define('renews after two thirds of the lifetime, with a new key', async (play) => {
    const source = await play.start()
    const before = source.current
    await play.renew(source, 16 * HOUR)
    assert.notEqual(source.current.key, before.key)
    assert.ok(source.current.notAfter > before.notAfter)
  }),
  define('renews a certificate of 60 seconds in time', async (play) => {
    play.world.lifetime = MINUTE
    const source = await play.start()
    for (let round = 0; round < 3; round += 1) {
      await play.renew(source, 40_000)
      assert.ok(source.current.notAfter > play.world.clock.now())
    }
  }),
  define('accepts a certificate of an issuer whose clock is behind', async (play) => {
    play.world.ahead = -10 * MINUTE
    assert.ok((await play.start()).current.notAfter > play.world.clock.now())
  }),
  define('refuses a certificate of an issuer whose clock is ahead, until it starts', async (play) => {
    const source = await play.start()
    play.world.ahead = 2 * MINUTE
    await play.refuse(source, 'issue')
    play.world.ahead = 0
    await play.renew(source)
  }),
  refusal('refuses a certificate for another key', 'other_key'),
  refusal('refuses a certificate that has expired', 'expired'),
  refusal('refuses a certificate that is not valid yet', 'not_yet_valid'),
  refusal('refuses a chain without its intermediate', 'no_intermediate'),
  refusal('refuses an answer that is not of the API', 'garbage'),
  refusal('refuses nothing silently when the connection breaks after the order', 'dropped'),
  define('starts again after a crash between order and answer, with another key', async (play) => {
    play.world.behaviour = 'dropped'
    await play.failToStart()
    assert.equal(play.world.lost, 1, 'the certificate was issued, and nobody got it')
    const ordered = play.issuer.lastKey
    play.world.behaviour = 'issue'
    const { current } = await play.start()
    const key = createPrivateKey(current.key ?? '')
    assert.ok(ordered?.equals(key) === false, 'the key of the lost certificate is not used')
    assert.equal(play.world.calls, 2)
  }),
  define('waits as long as a rate limit says', async (play) => {
    const source = await play.start()
    await play.refuse(source, 'rate_limited')
    const { nextRenewal = 0 } = source.status?.().renewal ?? {}
    const wait = nextRenewal - play.world.clock.now()
    assert.ok(wait >= 10 * MINUTE, 'it does not ask before the time of Retry-After')
    play.world.behaviour = 'issue'
    const { calls } = play.world
    play.world.clock.advance(9 * MINUTE)
    assert.equal(play.world.calls, calls)
    await play.renew(source, MINUTE)
  }),
  define('serves the last certificate through an outage, and renews when it is over', async (play) => {
    const { world } = play
    const source = await play.start()
    const before = source.current
    await play.refuse(source, 'unavailable')
    for (let round = 0; round < 6; round += 1) {
      const asked = world.nextCall()
      world.clock.advance(RETRY)
      await play.within('another call', asked)
      await play.settle(source)
    }
    assert.equal(source.current, before)
    const recovered = play.next(source, 'recovered')
    world.behaviour = 'issue'
    world.clock.advance(RETRY)
    await recovered
    assert.ok(source.current.notAfter > before.notAfter)
  }),
  define('renews after an outage in which the certificate expired', async (play) => {
    const { clock } = play.world
    const source = await play.start()
    const before = source.current
    await play.refuse(source, 'unavailable')
    clock.advance(16 * HOUR)
    await play.settle(source)
    assert.equal(source.current, before)
    assert.ok(before.notAfter < clock.now(), 'it was away for longer than two thirds of the life')
    await play.renew(source)
    assert.ok(source.current.notAfter > clock.now())
  }),
  define('follows another root', async (play) => {
    const { world, started: { givesCa } } = play
    const source = await play.start()
    await world.replaceRoot()
    const change = play.next(source, givesCa ? 'rotated' : 'refused')
    world.clock.advance(16 * HOUR)
    await change
    const isTrusted = source.current.ca.some((pem) => pem.trim() === world.root.trim())
    assert.equal(isTrusted, givesCa, 'the CAs of the answer are trusted, and no others')
  }),
  define('ends at once when it is closed during a call', async (play) => {
    const source = await play.start()
    await waitSilently(play)
    await source.close()
    await play.stop()
  }),
  define('gives up a call after its time, and asks again', async (play) => {
    const source = await play.start()
    await waitSilently(play)
    const refused = play.next(source, 'refused')
    play.world.clock.advance(11_000)
    await refused
    await play.stop()
    await play.renew(source)
  }),
  define('says at the start why there is no certificate', async (play) => {
    for (const behaviour of ['unavailable', 'garbage', 'other_key', 'expired', 'rate_limited'] as const) {
      play.world.behaviour = behaviour
      await play.failToStart()
    }
  })
])

function refusal (name: string, behaviour: Behaviour): IssuerCase {
  return define(name, async (play) => {
    const source = await play.start()
    const before = source.current
    await play.refuse(source, behaviour)
    assert.equal(source.current, before, 'the former certificate stays in use')
    await play.renew(source)
  })
}

/** Lets the certificate become due while the CA does not answer, and waits until it is asked. */
async function waitSilently (play: CasePlay): Promise<void> {
  const { world } = play
  world.behaviour = 'silent'
  const asked = world.nextCall()
  world.clock.advance(16 * HOUR)
  await play.within('a call', asked)
}

function define (name: string, act: (play: CasePlay) => Promise<void>): IssuerCase {
  return {
    name,
    async run (harness, { patience = 20_000 } = {}) {
      const world = await CaseWorld.create()
      const play = new CasePlay(world, await harness(world), patience)
      try {
        await act(play)
      } finally {
        await play.close()
      }
    }
  }
}
