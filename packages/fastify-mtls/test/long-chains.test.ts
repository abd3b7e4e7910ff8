// A stranger may send a chain of 100 KB, and Node keeps more than 1 MB for each one that is read.
import { createHash } from 'node:crypto'
import { mock } from 'node:test'
import { TLSSocket } from 'node:tls'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate } from '@peerkit/dev-ca'
import { dial } from './support/dial.ts'
import { call, startWorld } from './support/world.ts'
import type { Identity, World } from './support/world.ts'

/** About as many certificates as OpenSSL accepts. */
const LONG = 150
const HOUR = 3_600_000

async function refuse (world: World, identity: Identity): Promise<any> {
  const before = world.refusals.length
  const dialled = await dial(world, 'HTTP/1.1', identity)
  await dialled.ask()
  await dialled.close()
  return world.refusals.length === before + 1 ? world.refusals.at(-1) : undefined
}

const chainOf = ({ cert, key }: IssuedCertificate, others: readonly string[]): Identity => ({
  cert: cert + others.join(''), key
})

const fingerprintOf = ({ der }: IssuedCertificate): string => createHash('sha256').update(der).digest('hex')

async function strangerOf (cn: string): Promise<{ ca: DevCa, issuing: DevCa, client: IssuedCertificate }> {
  const ca = await createDevCa({ name: 'Elsewhere' })
  const issuing = await ca.intermediate({ name: 'Issuing' })
  return { ca, issuing, client: await issuing.issue({ cn, profile: 'client' }) }
}

test('long chains of strangers are read to explain some refusals, and the others still name the stranger', async (t) => {
  let now = 1e6
  const clock = mock.method(performance, 'now', () => now)
  t.after(() => { clock.mock.restore() })
  const world = await startWorld(t)
  const { ca, client } = await strangerOf('stranger')
  const spy = mock.method(TLSSocket.prototype, 'getPeerX509Certificate')
  t.after(() => { spy.mock.restore() })
  const steps = new Set<boolean>()
  for (let turn = 0; turn < 30; turn += 1) {
    now += 1_000
    // Those that belong to no path are shown nowhere, and kept all the same.
    const others = Array<string>(LONG).fill(turn % 2 === 0 ? ca.root : client.cert)
    const event = await refuse(world, chainOf(client, others))
    t.match(event, { peer: { subject: { commonName: 'stranger' } }, fingerprint256: fingerprintOf(client) })
    steps.add(event.detail.step === event.code)
  }
  t.strictSame([...steps], [false, true], 'explained, then not')
  t.equal(spy.mock.callCount(), 19)
})

test('strangers who send long chains use up what refusals may take, and nobody else is refused for it', async (t) => {
  let now = 1e6
  const clock = mock.method(performance, 'now', () => now)
  t.after(() => { clock.mock.restore() })
  const ca = await createDevCa()
  const part = await ca.intermediate({ name: 'Part', pathLength: 1 })
  const below = await part.intermediate({ name: 'Below' })
  const authorities = { part: { ca: part.certificate, names: { subject: 'any' }, partial: true } }
  const world = await startWorld(t, {
    ca,
    settings: { clientCertificate: 'optional' },
    material: { ca: undefined, authorities } as never
  })
  const good = await part.issue({ cn: 'good', profile: 'client' })
  const deep = chainOf(await below.issue({ cn: 'deep', profile: 'client' }), [below.certificate])
  const asDeep = async (): Promise<unknown> => {
    return (await call(world, deep)).body
  }
  for (let turn = 0; turn < 3; turn += 1) t.strictSame(await asDeep(), { cn: 'deep' })
  const { issuing, client } = await strangerOf('stranger')
  const stranger = { reason: 'unknown_ca', peer: { subject: { commonName: 'stranger' } }, fingerprint256: fingerprintOf(client) }
  // The whole chain of a client is read by this alone.
  const spy = mock.method(TLSSocket.prototype, 'getPeerX509Certificate')
  t.after(() => { spy.mock.restore() })
  for (let turn = 0; turn < 90; turn += 1) {
    now += 1_000
    // OpenSSL's code for it is that of clients that send nothing, which are accepted here.
    t.match(await refuse(world, chainOf(client, Array<string>(LONG).fill(issuing.certificate))), stranger)
  }
  const read = spy.mock.callCount()
  t.ok(read > 0 && read < 80, String(read))
  for (const others of [[], [issuing.certificate], Array<string>(20).fill(issuing.certificate)]) {
    const event = await refuse(world, chainOf(client, others))
    t.match(event, stranger)
    t.equal(event.detail.step, event.code, 'not explained')
  }
  t.equal(spy.mock.callCount(), read, 'nothing was read')
  t.strictSame((await call(world, good)).body, { cn: 'good' })
  t.match(await call(world, undefined), { status: 401, body: { code: 'MTLS_ERR_PEER_MISSING' } }, 'no certificate')
  t.match(await refuse(world, deep), { reason: 'unknown_ca', peer: { subject: { commonName: 'deep' } } }, 'needs the chain')
  const listed = { part: { ...authorities.part, intermediates: below.certificate } }
  world.credentials.update({ authorities: listed } as never)
  t.strictSame(await asDeep(), { cn: 'deep' }, 'a listed intermediate need not be read')
  world.credentials.update({ authorities } as never)
  now += 2 * HOUR
  t.match((await refuse(world, chainOf(client, []))).detail, { step: 'unknown_ca' }, 'time adds some')
  t.strictSame(await asDeep(), { cn: 'deep' })
})
