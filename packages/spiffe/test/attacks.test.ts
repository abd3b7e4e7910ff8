// What an agent, a peer or another trust domain may try, with real certificates over real sockets.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { rename } from 'node:fs/promises'
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { gzipSync } from 'node:zlib'
import Fastify from 'fastify'
import { test } from 'tap'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import { parsePeerIdentity } from '@peerkit/identity'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { splitCertificates } from '../src/source/read-certificates.ts'
import { MAX_MESSAGE_OCTETS } from '../src/workload-api/message-framer.ts'
import { spiffeCredentials } from '../src/index.ts'
import { FEDERATED, ROLES, Suite, TRUST_DOMAIN } from './conformance/suite.ts'
import { frame, startAgent } from './support/agent.ts'
import { field, writeSvidResponse } from './support/messages.ts'
import { TrustDomain, nextChange, stayAlive } from './support/world.ts'

const OWN = `spiffe://${TRUST_DOMAIN}`

test('a federated trust domain that issues our IDs, gives our bundle, or a bundle of our own CA', async (t) => {
  const suite = await Suite.start(t)
  const federated = await TrustDomain.make(FEDERATED)
  const forged = await federated.ca.issue({ spiffe: `${OWN}/admin` })
  for (const federatedBundles of [
    { [`spiffe://${FEDERATED}`]: federated.bundle },
    { [`spiffe://${FEDERATED}`]: federated.bundle, [OWN]: federated.bundle },
    { [`spiffe://${FEDERATED}`]: Buffer.concat([federated.bundle, suite.domain.bundle]) }
  ]) {
    await suite.barrier({ federatedBundles })
    for (const role of ROLES) {
      t.notOk(await suite.accepts(role, forged), role)
      t.ok(await suite.accepts(role, await suite.issue('/x')), `${role}: our own`)
      t.ok(await suite.accepts(role, await Suite.peer(federated, '/x')), `${role}: theirs`)
    }
  }
})

test('a CA of a federated trust domain that says it is ours', async (t) => {
  const suite = await Suite.start(t)
  const federated = await TrustDomain.make(FEDERATED)
  await suite.barrier({ federatedBundles: { [`spiffe://${FEDERATED}`]: federated.bundle } })
  const below = await federated.ca.intermediate({ name: `CA of ${TRUST_DOMAIN}` })
  for (const role of ROLES) t.notOk(await suite.accepts(role, await below.issue({ spiffe: `${OWN}/admin` })), role)
})

test('messages that are garbage, cut off, compressed or too long end the stream, and the SVID stays', async (t) => {
  stayAlive(t)
  const domain = await TrustDomain.make('prod.example')
  const agent = await startAgent(t)
  agent.push(await domain.response())
  const clock = new ManualClock()
  const source = await spiffeCredentials({ socket: agent.address, clock, random: () => 0 })
  t.after(async () => { await source.close() })
  const before = source.current
  const good = writeSvidResponse(await domain.response())
  for (const [what, octets, reason] of [
    ['garbage', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'protocol'],
    ['compressed', frame(gzipSync(good), 1), 'protocol'],
    ['a message of one octet more than the most', frame(Buffer.alloc(0), 0, MAX_MESSAGE_OCTETS + 1), 'protocol']
  ] as const) {
    const refused = nextChange(source, 'refused')
    const retry = clock.nextTask((delay) => delay === 1_000)
    agent.pushRaw(octets)
    t.match(await refused, { error: { reason }, snapshot: before }, what)
    await retry
    const recovered = nextChange(source, 'recovered')
    clock.advance(1_000)
    await recovered
  }
  const half = nextChange(source, 'refused')
  agent.pushRaw(frame(good).subarray(0, 200))
  agent.drop()
  t.match(await half, { error: { code: 'MTLS_ERR_SPIFFE_WORKLOAD_API' }, snapshot: { identity: before.identity } }, 'half a message')
})

test('a message of 4 MiB and one octet is read: 200 federated trust domains need more', async (t) => {
  stayAlive(t)
  const domain = await TrustDomain.make('prod.example')
  const agent = await startAgent(t)
  agent.push(await domain.response())
  const source = await spiffeCredentials({ socket: agent.address })
  t.after(async () => { await source.close() })
  const rotated = nextChange(source, 'rotated')
  const message = writeSvidResponse(await domain.response())
  // A field of a later version, which is skipped.
  const filler = field(9, Buffer.alloc(4 * 1024 * 1024 + 1 - message.length - 5))
  t.equal(message.length + filler.length, 4 * 1024 * 1024 + 1)
  agent.pushRaw(frame(Buffer.concat([message, filler])))
  t.match(await rotated, { snapshot: { generation: 2 } })
})

test('a flood of updates: only the last one is looked at, and nothing is piled up', async (t) => {
  stayAlive(t)
  const domain = await TrustDomain.make('prod.example')
  const agent = await startAgent(t)
  agent.push(await domain.response())
  const source = await spiffeCredentials({ socket: agent.address })
  t.after(async () => { await source.close() })
  const one = frame(writeSvidResponse(await domain.response()))
  const last = await domain.response()
  const leaf = splitCertificates(last.svids?.[0]?.certificates as Uint8Array, 'it')[0] as Uint8Array
  const { serialNumber } = parsePeerIdentity(leaf)
  const arrived = new Promise<void>((resolve) => {
    source.subscribe(() => { if (source.current.identity.serialNumber === serialNumber) resolve() })
  })
  agent.pushRaw(Buffer.concat(Array.from({ length: 1_000 }, () => one)))
  agent.push(last)
  await arrived
  t.ok(source.current.generation < 100, `${source.current.generation} generations of 1,001 messages`)
})

test('a socket that is replaced by that of another agent: the old one is used until it ends', async (t) => {
  stayAlive(t)
  const [ours, other] = [await TrustDomain.make('prod.example'), await TrustDomain.make('prod.example')]
  const [first, second] = [await startAgent(t), await startAgent(t)]
  first.push(await ours.response())
  second.push(await other.response())
  const clock = new ManualClock()
  const source = await spiffeCredentials({ socket: first.address, clock, random: () => 0 })
  t.after(async () => { await source.close() })
  const before = source.current
  await rename(second.address.slice('unix:'.length), first.address.slice('unix:'.length))
  t.equal(source.current, before)
  const rotated = nextChange(source, 'rotated')
  const retry = clock.nextTask((delay) => delay === 1_000)
  first.drop()
  await retry
  clock.advance(1_000)
  t.match(await rotated, { trustChanged: true }, 'who may replace the socket is who may say who we are')
})

test('a trust domain that left: its sessions are not resumed', async (t) => {
  const suite = await Suite.start(t)
  const federated = await TrustDomain.make(FEDERATED)
  await suite.barrier({ federatedBundles: { [`spiffe://${FEDERATED}`]: federated.bundle } })
  const { chain: cert, key } = await federated.ca.issue({ spiffe: `spiffe://${FEDERATED}/x` })
  const open = (session?: Buffer): TLSSocket => connect({ host: '127.0.0.1', port: suite.harness.x509Port, cert, key, rejectUnauthorized: false, ...(session !== undefined && { session }) })
  const first = open()
  const [session] = await once(first, 'session') as [Buffer]
  t.equal(String(await first[Symbol.asyncIterator]().next().then(({ value }) => value)), `spiffe://${FEDERATED}/x\n`)
  first.destroy()
  const again = open(session)
  t.match(String((await once(again, 'data'))[0]), /fed\.example\.org/)
  t.ok(again.isSessionReused(), 'a session is resumed while the trust domain is there')
  again.destroy()
  await suite.barrier()
  const late = open(session)
  let text = ''
  late.on('data', (chunk) => { text += String(chunk) }).on('error', () => {})
  await once(late, 'close')
  t.equal(text, '')
})

test('a trust domain that left: its open connections end, before another request is served', async (t) => {
  stayAlive(t)
  const [domain, federated] = [await TrustDomain.make('prod.example'), await TrustDomain.make('partner.example')]
  const agent = await startAgent(t)
  agent.push(await domain.response({ federatedBundles: { 'spiffe://partner.example': federated.bundle } }))
  const source = await spiffeCredentials({ socket: agent.address })
  const served: string[] = []
  const app = Fastify(withMtls(source))
  await app.register(fastifyMtls, { closeCredentials: true })
  app.get('/', async ({ peer }) => { served.push(peer.spiffeId ?? '') })
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.after(async () => { await app.close() })
  const { port } = app.server.address() as AddressInfo
  const { chain: cert, key } = await federated.ca.issue({ spiffe: 'spiffe://partner.example/x' })
  const socket = connect({ host: '127.0.0.1', port, cert, key, rejectUnauthorized: false })
  const ask = (): void => { socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n') }
  ask()
  t.match(String((await once(socket, 'data'))[0]), /^HTTP\/1\.1 200 /)
  const left = nextChange(source, 'rotated')
  agent.push(await domain.response())
  await left
  let text = ''
  socket.on('data', (chunk) => { text += String(chunk) }).on('error', () => {})
  ask()
  await once(socket, 'close')
  t.notMatch(text, / 200 /)
  t.same(served, ['spiffe://partner.example/x'])
})

test('an agent of HTTP/2 that resets the stream', async (t) => {
  stayAlive(t)
  const domain = await TrustDomain.make('prod.example')
  const agent = await startAgent(t)
  agent.push(await domain.response())
  const source = await spiffeCredentials({ socket: agent.address, retryFirst: 1 })
  t.after(async () => { await source.close() })
  for (const code of [8, 2, 7]) {
    const refused = nextChange(source, 'refused')
    const recovered = nextChange(source, 'recovered')
    for (const stream of agent.streams) stream.close(code)
    t.match(await refused, { error: { reason: 'unreachable' } }, `RST_STREAM ${code}`)
    await recovered
  }
})
