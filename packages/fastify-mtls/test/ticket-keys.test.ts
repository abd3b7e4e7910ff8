import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { mock } from 'node:test'
import Fastify from 'fastify'
import { test } from 'tap'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate } from '@peerkit/dev-ca'
import { withMtls } from '../src/index.ts'
import { TicketKeys } from '../src/server/ticket-keys.ts'
import { callRaw, startWorld } from './support/world.ts'

const HOUR = 3_600_000

/** Two servers in processes of their own. */
async function startWorkers (t: any, secrets: readonly string[]): Promise<{ ca: DevCa, client: IssuedCertificate, workers: Array<{ child: ChildProcess, port: number }> }> {
  const ca = await createDevCa()
  const workers = await Promise.all(secrets.map(async (secret) => {
    const { chain, key } = await ca.issue({ ip: '127.0.0.1' })
    const child = fork(join(import.meta.dirname, 'support/worker.ts'))
    t.after(async () => {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    })
    child.send({ material: { cert: chain, key, ca: ca.root }, secret })
    const [{ port }] = await once(child, 'message') as [{ port: number }]
    return { child, port }
  }))
  return { ca, client: await ca.issue({ cn: 'client', profile: 'client' }), workers }
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  const pinned = { minVersion: version, maxVersion: version }

  test(`${version}: a session of one process is resumed by another that shares the secret, and by no other`, async (t) => {
    const secret = randomBytes(32).toString('hex')
    const { ca, client, workers: [one, two, stranger] } = await startWorkers(t, [secret, secret, randomBytes(32).toString('hex')])
    const first = await callRaw({ port: one?.port ?? 0, ca }, client, pinned)
    t.match(first, { status: 200, reused: false })
    t.match(await callRaw({ port: two?.port ?? 0, ca }, client, { ...pinned, session: first.session }), { status: 200, reused: true })
    t.match(await callRaw({ port: stranger?.port ?? 0, ca }, client, { ...pinned, session: first.session }), { status: 200, reused: false })
  })

  test(`${version}: a process that knows of a revocation refuses the session that another one gave`, async (t) => {
    const secret = randomBytes(32).toString('hex')
    const { ca, client, workers: [one, two] } = await startWorkers(t, [secret, secret])
    const first = await callRaw({ port: one?.port ?? 0, ca }, client, pinned)
    ca.revoke(client)
    two?.child.send({ crl: (await ca.crl()).pem })
    if (two !== undefined) await once(two.child, 'message')
    const told = once(two?.child as ChildProcess, 'message')
    t.match(await callRaw({ port: two?.port ?? 0, ca }, client, { ...pinned, session: first.session }), { status: undefined })
    // Its CRL is another one, so the ticket opens nothing there, and the handshake is full.
    t.match(await told, [{ refused: 'revoked', resumed: false }])
  })
}

test('keys that nobody shares change with CAs, CRLs and time, and not with our own certificate', async (t) => {
  const ca = await createDevCa()
  const { chain, key } = await ca.issue()
  const credentials = memoryCredentials({ cert: chain, key, ca: ca.root })
  let now = 0
  const keys = new TicketKeys({}, () => now, () => {})
  const make = (): string => keys.make(credentials.current).toString('hex')
  const first = make()
  t.equal(first.length, 96)
  const renewed = await ca.issue()
  credentials.update({ cert: renewed.chain, key: renewed.key })
  t.equal(make(), first)
  now = HOUR
  const later = make()
  t.not(later, first)
  keys.drop()
  t.not(make(), later)
})

test('keys of a shared secret agree without talking, and change with the set of CAs, the secret and time', async (t) => {
  const ca = await createDevCa()
  const other = await createDevCa()
  const issued = await ca.issue()
  const make = (ticketSecret: Buffer | (() => Buffer), bundle: string[], now = 0, ticketRotation?: number): string => {
    const { current } = memoryCredentials({ cert: issued.chain, key: issued.key, ca: bundle })
    const keys = new TicketKeys({ ticketSecret, ...(ticketRotation !== undefined && { ticketRotation }) }, () => now, () => {})
    keys.drop()
    return keys.make(current).toString('hex')
  }
  const secret = randomBytes(32)
  const first = make(secret, [ca.root, other.root])
  t.equal(make(secret, [other.root, ca.root], HOUR - 1), first, 'in any order, at any time of the hour')
  t.equal(make(() => secret, [ca.root, other.root]), first)
  t.not(make(secret, [ca.root]), first)
  t.not(make(secret, [ca.root, other.root], HOUR), first)
  t.not(make(secret, [ca.root, other.root], 1_000, 1_000), first)
  t.not(make(randomBytes(32), [ca.root, other.root]), first)
  t.throws(() => make(() => Buffer.alloc(31), [ca.root]), { code: 'MTLS_ERR_SERVER_OPTION', message: /ticketSecret is 31 bytes/ })
})

test('a shared secret that cannot be had any more ends no process: keys are of this one alone until it can', async (t) => {
  const ca = await createDevCa()
  const issued = await ca.issue()
  const { current } = memoryCredentials({ cert: issued.chain, key: issued.key, ca: ca.root })
  const warnings: string[] = []
  const emitWarning = mock.method(process, 'emitWarning', (text: string) => { warnings.push(text) })
  t.after(() => { emitWarning.mock.restore() })
  let isSealed = true
  const ticketSecret = (): Buffer => {
    if (isSealed) throw new Error('the vault is sealed')
    return Buffer.alloc(32, 1)
  }
  const keys = new TicketKeys({ ticketSecret }, () => 0, () => {})
  const make = (): string => keys.make(current).toString('hex')
  t.throws(make, /the vault is sealed/, 'at the start it is an error')
  isSealed = false
  const shared = make()
  isSealed = true
  const alone = make()
  t.not(alone, shared)
  t.equal(make(), alone)
  keys.drop()
  t.not(make(), alone, 'and they follow the trust')
  t.match(warnings[0], /^Reading ticketSecret failed\. .*: the vault is sealed$/)
  isSealed = false
  t.equal(make(), shared)
})

test('in a cluster, the ticket keys with which the first worker began to listen are not those of a later one', async (t) => {
  const ca = await createDevCa()
  const { chain, key } = await ca.issue({ ip: '127.0.0.1' })
  for (const http2 of [false, true]) {
    for (const ticketSecret of [undefined, randomBytes(32)]) {
      const credentials = memoryCredentials({ cert: chain, key, ca: ca.root })
      const app: any = Fastify(withMtls(credentials, { ...(http2 && { http2 }), mtls: { gateOnly: true, ...(ticketSecret && { ticketSecret }) } } as any))
      t.after(async () => { await app.close() })
      await app.ready()
      const own = app.server.getTicketKeys()
      const first = randomBytes(48)
      // As node:cluster does in a worker, with what the primary has kept since the first one listened.
      app.server._setServerData({ ticketKeys: first.toString('hex') })
      t.same(app.server.getTicketKeys(), first, 'Node still works like this')
      await app.listen({ host: '127.0.0.1', port: 0 })
      t.same(app.server.getTicketKeys(), own, ticketSecret === undefined ? 'its own' : 'those of the secret')
    }
  }
})

test('keys of a shared secret agree between processes that have learned the same intermediates', async (t) => {
  const ca = await createDevCa()
  const issued = await ca.issue()
  const { current } = memoryCredentials({ cert: issued.chain, key: issued.key, ca: ca.root })
  const [one, other] = [1, 2].map(() => new TicketKeys({ ticketSecret: Buffer.alloc(32, 1) }, () => 0, () => {})) as [TicketKeys, TicketKeys]
  const make = (keys: TicketKeys, learned: readonly string[] = []): string => keys.make(current, learned).toString('hex')
  t.equal(make(one, ['a', 'b']), make(other, ['a', 'b']))
  t.equal(new Set([[], ['a'], ['b'], ['a', 'b']].map((learned) => make(one, learned))).size, 4)
  const alone = new TicketKeys({}, () => 0, () => {})
  t.equal(make(alone, ['a']), make(alone), 'keys of one process alone stay: it knows what it gave tickets for')
  t.strictSame([one.isShared, alone.isShared], [true, false])
})

test('disown makes keys that nobody else has, until rejoin or the next hour', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => { mock.timers.reset() })
  const ca = await createDevCa()
  const issued = await ca.issue()
  const { current } = memoryCredentials({ cert: issued.chain, key: issued.key, ca: ca.root })
  let now = 0
  const keys = new TicketKeys({ ticketSecret: Buffer.alloc(32, 1) }, () => now, () => {})
  const make = (): string => keys.make(current).toString('hex')
  const first = make()
  keys.useOwnKeys()
  const second = make()
  t.not(second, first)
  t.equal(make(), second, 'and stay so')
  keys.useOwnKeys()
  t.not(make(), second)
  keys.useSharedKeys()
  t.equal(make(), first)
  keys.useOwnKeys()
  keys.start()
  now = HOUR
  mock.timers.tick(HOUR)
  const other = new TicketKeys({ ticketSecret: Buffer.alloc(32, 1) }, () => now, () => {})
  t.equal(make(), other.make(current).toString('hex'))
  keys.stop()
})

test('the keys change at every whole hour until they are stopped', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => { mock.timers.reset() })
  let now = 10 * HOUR + 1_000
  let turns = 0
  const keys = new TicketKeys({}, () => now, () => { turns += 1 })
  keys.start()
  mock.timers.tick(HOUR - 1_001)
  t.equal(turns, 0)
  now = 11 * HOUR
  mock.timers.tick(1)
  t.equal(turns, 1)
  now = 12 * HOUR
  mock.timers.tick(HOUR)
  t.equal(turns, 2)
  keys.stop()
  mock.timers.tick(2 * HOUR)
  t.equal(turns, 2)
})

test('a client with a ticket of earlier keys is served after a full handshake', async (t) => {
  let secret = randomBytes(32)
  const world = await startWorld(t, { settings: { ticketSecret: () => secret } })
  const first = await callRaw(world, world.client)
  t.match(await callRaw(world, world.client, { session: first.session }), { status: 200, reused: true })
  secret = randomBytes(32)
  // Any rotation asks for the secret again.
  const renewed = await world.ca.issue({ ip: '127.0.0.1' })
  world.credentials.update({ cert: renewed.chain, key: renewed.key })
  t.match(await callRaw(world, world.client, { session: first.session }), { status: 200, reused: false })
})

test('services of one secret do not open each other\'s tickets: each name of the certificate counts', async (t) => {
  const ca = await createDevCa()
  const secret = randomBytes(32)
  const make = async (names: object): Promise<string> => {
    const { chain, key } = await ca.issue({ cn: 'server', dns: 'a.example', ip: '10.0.0.1', spiffe: 'spiffe://prod.example/a', ...names })
    const { current } = memoryCredentials({ cert: chain, key, ca: ca.root })
    return new TicketKeys({ ticketSecret: secret }, () => 0, () => {}).make(current).toString('hex')
  }
  const first = await make({})
  t.equal(await make({}), first, 'a renewed certificate')
  for (const names of [{ cn: 'other' }, { dns: 'b.example' }, { ip: '10.0.0.2' }, { spiffe: 'spiffe://prod.example/b' }]) {
    t.not(await make(names), first, JSON.stringify(names))
  }
})
