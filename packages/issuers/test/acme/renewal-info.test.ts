// Renewal information (RFC 9773): when the source calls, what it gets, and what the next order replaces.
import type { KeyObject } from 'node:crypto'
import { test } from 'tap'
import type { Test } from 'tap'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { rejection } from '@peerkit/test-support/rejection'
import { memoryCredentials, renewingCredentials } from '@peerkit/credentials'
import type { CredentialSnapshot, IssueQuestion, IssuedMaterial } from '@peerkit/credentials'
import { createCertificateRequest } from '@peerkit/issuers'
import { acmeIssuer } from '@peerkit/issuers/acme'
import type { AcmeSession } from '../../src/acme/acme-session.ts'
import { certificateIdOf } from '../../src/acme/certificate-id.ts'
import { RenewalPlans } from '../../src/acme/renewal-info.ts'
import { AcmeCa } from './support/acme-ca.ts'
import { AcmeServer, problem } from './support/acme-server.ts'
import { ACCOUNT, dnsOf, makeKey, question } from './support/world.ts'

const HOUR = 3_600_000

class World {
  /** Milliseconds since the epoch. Certificates start at whole seconds. */
  readonly begin = Math.floor(Date.now() / 1000) * 1000
  now = this.begin
  random = 0.5
  readonly #t: Test
  readonly server: AcmeServer
  readonly issue: (asked: IssueQuestion) => Promise<IssuedMaterial>

  constructor (t: Test, server: AcmeServer) {
    this.#t = t
    this.server = server
    const sign = server.sign
    server.sign = async (csr) => { server.leaf = { notBefore: this.now }; return await sign(csr) }
    const issuer = acmeIssuer({
      directory: server.directory, names: { dns: ['ledger.example'] }, account: ACCOUNT, challenges: { dns01: dnsOf(server) }, clock: () => this.now, random: () => this.random
    })
    this.issue = async (asked) => await issuer.issue(asked)
  }

  static async start (t: Test): Promise<World> { return new World(t, await AcmeServer.start(t)) }

  /** The CA wants a renewal in this window: hours from the beginning. */
  suggest (start: number, end: number, retryAfter?: string): void {
    const at = (hours: number): string => new Date(this.begin + hours * HOUR).toISOString()
    this.server.renewal = { window: { start: at(start), end: at(end) }, ...(retryAfter !== undefined && { retryAfter }) }
  }

  /** Orders, and returns the answer and the snapshot that a source makes of it. */
  async order (more: Partial<IssueQuestion> = {}): Promise<{ answer: IssuedMaterial, previous: CredentialSnapshot }> {
    const asked = question(more)
    const answer = await this.issue(asked)
    const key = (asked.privateKey as KeyObject).export({ type: 'pkcs8', format: 'pem' }) as string
    const source = memoryCredentials({ cert: answer.cert, key, ca: this.server.root, clock: { now: () => this.now, schedule: () => () => {} } })
    this.#t.after(async () => { await source.close() })
    return { answer, previous: source.current }
  }

  /** Hours from the beginning. */
  hours (time: number | undefined): number { return ((time ?? NaN) - this.begin) / HOUR }
}

test('the identifier of a certificate', async (t) => {
  const ca = await AcmeCa.create()
  const { der } = await createCertificateRequest(makeKey(), { dns: ['a.example'] })
  const cert = await ca.sign(der, { serialNumber: '87654321' })
  const [issuer, serial] = String(certificateIdOf(cert)?.id).split('.')
  t.equal(serial, 'AIdlQyE', 'the example of RFC 9773: the sign octet belongs to it')
  t.match(issuer, /^[\w-]{27}$/)
  t.equal(String(certificateIdOf(await ca.sign(der, { serialNumber: '0102' }))?.id).split('.')[1], 'AQI')
  for (const chain of ['', 'hello', ca.root, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n']) t.equal(certificateIdOf(chain), undefined)
})

test('a random moment of the window, and what is asked before it', async (t) => {
  const world = await World.start(t)
  world.suggest(10, 14)
  world.random = 0.25
  const { answer, previous } = await world.order()
  t.equal(world.hours(answer.renewAt), 6, 'the CA is asked again first')
  t.match(world.server.of('renewalInfo')[0]?.path, new RegExp(`^/renewal-info/${certificateIdOf(previous.cert)?.id}$`))

  world.now = world.begin + 6 * HOUR
  world.random = 0.99
  const again = await world.issue(question({ previous }))
  t.same([again.cert, again.key], [previous.cert, previous.key], 'it is not due')
  t.equal(world.hours(again.renewAt), 11, 'the moment is drawn once')
  t.equal(world.server.of('newOrder').length, 1)
  t.equal(world.server.of('nonce').length, 1, 'nothing was signed')

  world.now = world.begin + 11 * HOUR
  const { answer: renewed } = await world.order({ previous })
  t.not(renewed.cert, previous.cert)
  t.equal(world.server.of('newOrder').length, 2)
  t.equal(world.server.of('newOrder')[1]?.payload.replaces, certificateIdOf(previous.cert)?.id)
  t.notOk('replaces' in world.server.of('newOrder')[0]?.payload)
})

test('a window that moves: into the past renews at once, later waits', async (t) => {
  const world = await World.start(t)
  world.suggest(10, 14)
  const { previous } = await world.order()
  world.now = world.begin + 6 * HOUR
  world.suggest(16, 18)
  const later = await world.issue(question({ previous }))
  t.equal(world.hours(later.renewAt), 12)
  world.now = world.begin + 12 * HOUR
  world.suggest(-3, -2)
  const renewed = await world.issue(question({ previous }))
  t.not(renewed.cert, previous.cert)
})

test('a window at the very end, or after it, is not waited for', async (t) => {
  const world = await World.start(t)
  world.suggest(23.9, 100, '86400')
  world.random = 0
  const { answer } = await world.order()
  t.ok(Math.abs(world.hours(answer.renewAt) - 24 * 0.9) < 0.01)
})

test('how often the CA is asked', async (t) => {
  const world = await World.start(t)
  for (const [retryAfter, hours] of [['7200', 2], ['1', 1 / 60], ['864000', 24 * 0.9], [undefined, 6], ['nonsense', 6]] as const) {
    world.suggest(23, 24, retryAfter)
    t.ok(Math.abs(world.hours((await world.order()).answer.renewAt) - hours) < 0.01, String(retryAfter))
  }
})

test('refresh() renews, whatever the CA wants', async (t) => {
  const world = await World.start(t)
  world.suggest(10, 14)
  const { previous } = await world.order()
  world.now = world.begin + HOUR
  t.not((await world.issue(question({ previous }))).cert, previous.cert)
})

test('a process that starts anew with a certificate asks the CA whether it is due', async (t) => {
  const world = await World.start(t)
  world.suggest(10, 14)
  const { previous } = await world.order()
  const restarted = new World(t, world.server)
  restarted.now = world.begin + 7 * HOUR
  t.equal((await restarted.issue(question({ previous }))).cert, previous.cert)
  restarted.now = world.begin + 15 * HOUR
  t.not((await new World(t, world.server).issue(question({ previous: { ...previous, withdrawn: true } as CredentialSnapshot }))).cert, previous.cert, 'one that was withdrawn is replaced')
})

test('a CA without renewal information, or with nonsense', async (t) => {
  const world = await World.start(t)
  const { answer, previous } = await world.order()
  t.equal(answer.renewAt, undefined)
  const again = await world.order({ previous })
  t.not(again.answer.cert, previous.cert, 'the source decides when')
  t.notOk('replaces' in world.server.of('newOrder')[1]?.payload)
  const at = new Date().toISOString()
  for (const window of [undefined, null, 7, {}, { start: 7, end: 8 }, { start: 'x', end: at }, { start: at, end: at }, { start: at, end: '1999-01-01T00:00:00Z' }]) {
    world.server.renewal = { window }
    t.equal((await world.order()).answer.renewAt, undefined, JSON.stringify(window))
  }
  world.server.says = ({ step }) => step === 'renewalInfo' ? { status: 404, body: problem('malformed', 'unknown') } : undefined
  t.equal((await world.order()).answer.renewAt, undefined)
  t.not((await world.issue(question({ previous }))).cert, previous.cert, 'it is due when the source says so')
})

test('a CA that is away when it is asked fails nothing before the certificate is due', async (t) => {
  const world = await World.start(t)
  world.suggest(10, 14)
  const { previous } = await world.order()
  world.server.says = () => 'drop'
  world.now = world.begin + 6 * HOUR
  const kept = await world.issue(question({ previous }))
  t.equal(kept.cert, previous.cert)
  t.equal(world.hours(kept.renewAt), 12)
  world.now = world.begin + 12 * HOUR
  t.match(await rejection(world.issue(question({ previous }))), { reason: 'unreachable' }, 'now it is due')
})

test('a call that is closed while the CA is asked ends, and keeps nothing', async (t) => {
  const world = await World.start(t)
  world.suggest(10, 14)
  const { previous } = await world.order()
  world.now = world.begin + 6 * HOUR
  const controller = new AbortController()
  world.server.says = () => { controller.abort(new Error('closed')); return 'silence' }
  t.match(await rejection(world.issue(question({ previous, signal: controller.signal }))), { message: 'closed' })
})

test('a CA that is silent when it is asked costs nothing', async (t) => {
  const world = await World.start(t)
  world.suggest(10, 14)
  const { previous } = await world.order()
  world.server.says = ({ step }) => step === 'renewalInfo' ? 'silence' : undefined
  world.now = world.begin + 6 * HOUR
  const [kept, other] = await Promise.all([world.issue(question({ previous })), world.issue(question())])
  t.equal(kept.cert, previous.cert, 'it is not due')
  t.equal(world.hours(kept.renewAt), 12)
  t.ok(other.cert, 'it was issued')
  t.equal(other.renewAt, undefined)
})

test('an order whose predecessor was replaced already is sent again without it', async (t) => {
  const world = await World.start(t)
  world.suggest(1, 2)
  const { previous } = await world.order()
  world.now = world.begin + 3 * HOUR
  world.server.says = ({ step, payload }) => step === 'newOrder' && 'replaces' in payload ? { status: 409, body: problem('alreadyReplaced', 'by another instance') } : undefined
  t.not((await world.issue(question({ previous }))).cert, previous.cert)
  t.same(world.server.of('newOrder').slice(1).map(({ payload }) => 'replaces' in payload), [true, false])
  world.server.asked.length = 0
  world.server.says = ({ step }) => step === 'newOrder' ? { status: 429, body: problem('rateLimited', 'too many') } : undefined
  world.now = world.begin + 5 * HOUR
  t.match(await rejection(world.issue(question({ previous }))), { reason: 'rate_limited' })
  t.equal(world.server.of('newOrder').length, 1, 'a rate limit is no reason to order again')
})

test('the plans of many certificates are bounded: the one that was not asked about for longest is forgotten', async (t) => {
  const now = Date.now()
  const plans = new RenewalPlans({ now: () => now, random: () => 0 })
  const at = (hours: number): string => new Date(now + hours * HOUR).toISOString()
  const session = {
    directory: { renewalInfo: new URL('http://127.0.0.1/x/') },
    signal: new AbortController().signal,
    get: async () => ({ json: () => ({ suggestedWindow: { start: at(1), end: at(2) } }), retryAfter: undefined })
  } as unknown as AcmeSession
  const { der } = await createCertificateRequest(makeKey(), { dns: ['a.example'] })
  const ca = await AcmeCa.create()
  const chains: string[] = []
  for (let count = 0; count < 101; count += 1) {
    const chain = await ca.sign(der)
    chains.push(chain)
    if (await plans.schedule(session, chain) !== now + HOUR) t.fail('it was not scheduled')
    if (count === 99) await plans.schedule(session, chains[0] as string)
  }
  // Before its time one that is known has to be renewed, because somebody asked for it.
  const keep = async (cert: string | undefined): Promise<unknown> => await plans.keep({ cert, key: 'key' } as CredentialSnapshot, async () => session)
  for (const known of [0, 2, 100]) t.equal(await keep(chains[known]), undefined)
  t.match(await keep(chains[1]), { cert: chains[1], key: 'key', renewAt: now + HOUR })
})

test('with renewingCredentials: asked, kept, renewed', async (t) => {
  const alive = setInterval(() => {}, 1_000)
  t.after(() => { clearInterval(alive) })
  const clock = new ManualClock()
  const server = await AcmeServer.start(t)
  const sign = server.sign
  server.sign = async (csr) => { server.leaf = { notBefore: clock.now() }; return await sign(csr) }
  const at = (hours: number): string => new Date(clock.now() + hours * HOUR).toISOString()
  server.renewal = { window: { start: at(10), end: at(14) } }
  const issuer = acmeIssuer({
    directory: server.directory, names: { dns: ['ledger.example'] }, account: ACCOUNT, challenges: { dns01: dnsOf(server) }, clock: () => clock.now(), random: () => 0
  })
  let answered = Promise.withResolvers<void>()
  const watched = {
    async issue (asked: IssueQuestion) {
      const answer = await issuer.issue(asked)
      answered.resolve()
      return answer
    }
  }
  const source = await renewingCredentials(watched, { ca: server.root, clock, random: () => 0 })
  t.after(async () => { await source.close() })
  const first = source.current
  const changes: string[] = []
  source.subscribe(({ type }) => { changes.push(type) })
  for (let hour = 1; hour <= 11; hour += 1) {
    answered = Promise.withResolvers<void>()
    const scheduled = clock.nextTask((delay) => delay !== 10_000)
    clock.advance(HOUR)
    // Asked when the CA said so, and renewed at the moment that was drawn.
    if (hour === 6 || hour === 10) await Promise.all([answered.promise, scheduled])
    if (hour === 9) {
      t.equal(source.current, first)
      t.same(changes, [], 'asking the CA is no rotation')
      t.equal(server.of('renewalInfo').length, 2)
    }
  }
  t.same(changes, ['rotated'])
  t.equal(server.of('newOrder').length, 2)
})
