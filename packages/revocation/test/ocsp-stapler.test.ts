import { parsePeerIdentity } from '@peerkit/identity'
import { once } from 'node:events'
import { mock } from 'node:test'
import { connect, createServer, type ConnectionOptions, type SecureVersion } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { test, type Test } from 'tap'
import { createOcspStapler, verifyOcspResponse, type OcspStapler, type OcspStaplerOptions } from '../src/index.ts'
import { startResponder, type OcspLie, type TestResponder } from './support/ocsp-responder.ts'
import { HOUR, makeClock } from './support/clock.ts'
import { makeCa } from './support/identities.ts'

const { ca, identity } = await makeCa()
const issued = await ca.issue({ cn: 'server', dns: 'localhost' })
const server = parsePeerIdentity(issued.der)

async function setUp (
  t: Test, options: Partial<OcspStaplerOptions> = {}, lie: OcspLie = {}
): Promise<{ responder: TestResponder, stapler: OcspStapler }> {
  const responder = await startResponder(ca, lie)
  const stapler = createOcspStapler({ certificate: server, issuer: identity, url: responder.url, ...options })
  t.teardown(async () => { await Promise.all([stapler.close(), responder.close()]) })
  return { responder, stapler }
}

function ask (stapler: OcspStapler, der: Uint8Array): Buffer | null | undefined {
  let answer: Buffer | null | undefined
  stapler.handle(der, undefined, (_error, response) => { answer = response })
  return answer
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as SecureVersion[]) {
  test(`staples to a real ${version} handshake what the client can verify`, async (t) => {
    const { stapler } = await setUp(t)
    await stapler.refresh()
    const listener = createServer({ cert: issued.cert, key: issued.key, minVersion: version, maxVersion: version })
    listener.on('OCSPRequest', stapler.handle)
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const socket = connect({
      port: (listener.address() as AddressInfo).port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: issued.ca,
      requestOCSP: true
    } as ConnectionOptions)
    const [response] = await once(socket, 'OCSPResponse') as [Buffer]
    t.match(verifyOcspResponse(response, server, identity), { state: 'good', signer: { delegated: false } })
    socket.destroy()
    listener.close()
  })
}

test('staples nothing for another certificate, nothing before the first answer, and nothing ' +
  'after the end', async (t) => {
  const clock = makeClock()
  const { stapler } = await setUp(t, { now: clock.now }, { nextUpdate: new Date(clock.now() + HOUR) })
  t.equal(ask(stapler, server.raw!), null)
  await stapler.refresh()
  t.equal(stapler.until, clock.now() + HOUR)
  t.ok(Buffer.isBuffer(ask(stapler, server.raw!)))
  t.equal(ask(stapler, ca.der), null)
  clock.advance(HOUR)
  t.equal(ask(stapler, server.raw!), null)
})

test('never staples what it could not verify, and keeps what it has meanwhile', async (t) => {
  const { stapler, responder } = await setUp(t, {}, { certIds: [] })
  await t.rejects(stapler.refresh(), { code: 'MTLS_ERR_OCSP_INVALID', reason: 'certificate_mismatch' })
  t.equal(stapler.response, undefined)
  responder.lie = {}
  await stapler.refresh()
  responder.lie = { key: (await makeCa()).ca.key }
  await t.rejects(stapler.refresh(), { code: 'MTLS_ERR_OCSP_INVALID', reason: 'signature' })
  t.ok(stapler.response)
})

test('staples that it is revoked', async (t) => {
  const { stapler } = await setUp(t, {}, { state: 'revoked' })
  await stapler.refresh()
  t.match(verifyOcspResponse(stapler.response!, server, identity), { state: 'revoked' })
})

test('asks again at half of the time, and sooner after a failure', async (t) => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Math.floor(Date.now() / 1000) * 1000 })
  t.teardown(() => { mock.timers.reset() })
  const { stapler, responder } = await setUp(
    t, {}, { nextUpdate: new Date(Date.now() + 100_000), thisUpdate: new Date() }
  )
  await stapler.refresh()
  responder.lie = { outerStatus: 3 }
  t.ok(stapler.nextLook >= Date.now() + 45_000 && stapler.nextLook <= Date.now() + 50_000)
  mock.timers.tick(50_000)
  await t.rejects(
    stapler.refresh(), { code: 'MTLS_ERR_OCSP_INVALID', reason: 'responder_status' },
    'the look of the timer, which is one with this'
  )
  t.equal(responder.requests.length, 2)
  t.ok(stapler.nextLook >= Date.now() + 9_000 && stapler.nextLook <= Date.now() + 10_000)
  await t.rejects(stapler.refresh())
  t.ok(
    stapler.nextLook >= Date.now() + 18_000 && stapler.nextLook <= Date.now() + 20_000, 'later with each further one'
  )
  responder.lie = { nextUpdate: new Date(Date.now() + 100_000), thisUpdate: new Date() }
  await stapler.refresh()
  t.ok(stapler.nextLook >= Date.now() + 45_000, 'an answer ends the pauses')
  responder.lie = { outerStatus: 3 }
  await t.rejects(stapler.refresh())
  t.ok(stapler.nextLook <= Date.now() + 10_000, 'and the next failure is the first again')
})

test('follows a rotation of the certificate', async (t) => {
  const { stapler } = await setUp(t)
  await stapler.refresh()
  const renewed = parsePeerIdentity((await ca.issue({ cn: 'server' })).der)
  const updating = stapler.update(renewed, identity)
  t.equal(stapler.response, undefined)
  await updating
  t.equal(ask(stapler, server.raw!), null)
  t.match(verifyOcspResponse(ask(stapler, renewed.raw!)!, renewed, identity), { state: 'good' })
})

test('an answer about the former certificate that comes after the rotation is not stapled', async (t) => {
  const sent = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const mayGo = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let count = 0
  const { stapler } = await setUp(t, {
    fetch: async (...request) => {
      const number = count++
      sent[number]!.resolve()
      await mayGo[number]!.promise
      return await fetch(...request)
    }
  })
  await sent[0]!.promise
  const renewed = parsePeerIdentity((await ca.issue({ cn: 'server' })).der)
  const updating = stapler.update(renewed, identity)
  mayGo[0]!.resolve()
  await sent[1]!.promise
  t.equal(stapler.response, undefined)
  t.equal(ask(stapler, renewed.raw!), null)
  mayGo[1]!.resolve()
  await updating
  t.match(verifyOcspResponse(ask(stapler, renewed.raw!)!, renewed, identity), { state: 'good' })
})

test('asks responders that the certificate names only where its host is on the list', async (t) => {
  const { responder } = await setUp(t)
  const naming = parsePeerIdentity((await ca.issue({ cn: 'server', ocspUrls: [responder.url] })).der)
  const closed = createOcspStapler({ certificate: naming, issuer: identity })
  await t.rejects(closed.refresh(), { code: 'MTLS_ERR_OCSP_UNAVAILABLE', reason: 'no_url' })
  await closed.close()
  const allowed = createOcspStapler({
    certificate: naming, issuer: identity, allowCertificateUrls: { hosts: [new URL(responder.url).host] }
  })
  await allowed.refresh()
  t.ok(allowed.response)
  await allowed.close()
})

test('refuses options it cannot use', (t) => {
  t.throws(() => createOcspStapler({ certificate: server } as never), { code: 'MTLS_ERR_REVOCATION_OPTION' })
  t.throws(
    () => createOcspStapler({ certificate: server, issuer: identity, nonce: 'none' } as never),
    { code: 'MTLS_ERR_REVOCATION_OPTION' }
  )
  t.throws(
    () => createOcspStapler({ certificate: server, issuer: identity, url: ['x'] }),
    { code: 'MTLS_ERR_REVOCATION_OPTION' }
  )
  t.end()
})
