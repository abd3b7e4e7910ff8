import underPressure from '@fastify/under-pressure'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import { parsePeerIdentity } from '@peerkit/identity'
import { crlChecker } from '@peerkit/revocation'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { once } from 'node:events'
import { channel } from 'node:diagnostics_channel'
import https from 'node:https'
import { test } from 'tap'
import fastifyMtlsMonitor from '../src/fastify/index.ts'
import type { FastifyMtlsMonitorOptions } from '../src/fastify/index.ts'

const YEAR = 365 * 86_400_000

async function serve (options: Partial<FastifyMtlsMonitorOptions> = {}): Promise<{ app: FastifyInstance, lines: any[] }> {
  const ca = await createDevCa()
  const issued = await ca.issue({ cn: 'service' })
  const credentials = memoryCredentials({ cert: issued.chain, key: issued.key, ca: ca.root })
  const lines: any[] = []
  const app = Fastify({ logger: { level: 'info', stream: { write (line: string) { lines.push(JSON.parse(line)) } } } })
  await app.register(fastifyMtlsMonitor, { credentials, ...options })
  return { app, lines }
}

test('audits into the log of the app, and ends with it', async (t) => {
  const { app, lines } = await serve()
  const denied = channel('peerkit:request:denied')
  denied.publish({ v: 1, time: 0, reason: 'no_identity', rules: 'rules', rule: undefined, group: undefined, nearest: undefined, peer: null, requestId: 'req-1', method: 'GET', path: '/', route: '/', remoteAddress: '127.0.0.1' })
  t.match(lines.at(-1), { level: 40, msg: 'client denied', audit: 1, event: 'request:denied', reason: 'no_identity', requestId: 'req-1' })
  t.same(app.mtls.monitor.issuers(), [])
  await app.close()
  t.notOk(denied.hasSubscribers)
})

test("a partner's client that is denied has its authority in the line, and its subject as a claim", async (t) => {
  const [ca, partner] = [await createDevCa(), await createDevCa({ name: 'Partner Root' })]
  const { chain, key } = await ca.issue({ cn: 'service', ip: '127.0.0.1' })
  const names = { spiffe: 'spiffe://partner.example' }
  const authorities = { internal: { ca: ca.root, names: 'any' }, partner: { ca: partner.root, names } } as const
  const credentials = memoryCredentials({ cert: chain, key, authorities })
  const lines: any[] = []
  const write = (line: object): void => { lines.push(line) }
  const app = Fastify(withMtls(credentials)) as unknown as FastifyInstance
  t.teardown(async () => { await app.close() })
  await app.register(fastifyMtlsMonitor, { credentials, log: { info: write, warn: write, error: write }, expiry: false })
  await app.register(fastifyMtls)
  await app.register(fastifyAllowedClients)
  app.get('/', { config: { allowedClients: [{ ou: 'billing' }] } }, async () => 'ok')
  await app.listen({ host: '127.0.0.1', port: 0 })
  const client = await partner.issue({ profile: 'client', cn: 'web', ou: 'billing', spiffe: 'spiffe://partner.example/web' })
  const options = { ca: ca.root, cert: client.chain, key: client.key, agent: false }
  const [response] = await once(https.get(app.listeningOrigin, options), 'response')
  response.resume()
  t.equal(response.statusCode, 403)
  t.match(lines, [{
    event: 'request:denied',
    authority: 'partner',
    notBelieved: ['subject', 'dns', 'uri', 'email', 'ip', 'upn', 'policy', 'registeredId', 'qualified', 'admission', 'extension'],
    claimedSubject: 'CN=web,OU=billing',
    serialNumber: client.serialNumber
  }])
})

test('takes a service without a valid certificate out of service', async (t) => {
  let now = Date.now()
  const { app } = await serve({ now: () => now, audit: false })
  t.teardown(async () => { await app.close() })
  await app.register(underPressure, { healthCheck: async () => await app.mtls.monitor.healthCheck(), healthCheckInterval: 60_000, exposeStatusRoute: '/ready' })
  app.get('/ready-at-once', async (_request, reply) => {
    const state = app.mtls.monitor.ready()
    return await reply.code(state.ready ? 200 : 503).send(state)
  })
  t.equal((await app.inject('/ready')).statusCode, 200)
  t.equal((await app.inject('/ready-at-once')).statusCode, 200)
  now += 100 * YEAR
  const { statusCode, body } = await app.inject('/ready-at-once')
  t.equal(statusCode, 503)
  t.match(JSON.parse(body), { ready: false, reasons: ['own_certificate_expired', 'no_anchor_in_time'] })
})

test('another log may be given, and wrong options are refused', async (t) => {
  const texts: string[] = []
  const log = { info () {}, warn (_line: object, text: string) { texts.push(text) }, error (_line: object, text: string) { texts.push(text) } }
  const { app, lines } = await serve({ log, now: () => Date.now() + 100 * YEAR })
  await app.close()
  t.ok(texts.includes('certificate or CRL has expired'))
  t.notOk(lines.some(({ audit }) => audit === 1))
  await t.rejects(serve({ audits: true } as any), { code: 'MTLS_ERR_MONITOR_OPTION' })
  await t.rejects(serve({ server: {} } as any), { code: 'MTLS_ERR_MONITOR_OPTION', message: /found server/ })
})

test('after fastify-mtls it takes the credentials and the revocation checker of the app', async (t) => {
  const ca = await createDevCa()
  const issued = await ca.issue({ cn: 'service' })
  const credentials = memoryCredentials({ cert: issued.chain, key: issued.key, ca: ca.root })
  const checker = crlChecker({ crls: [(await ca.crl()).pem], issuers: [parsePeerIdentity(ca.der)] })
  const app = Fastify(withMtls(credentials, { mtls: { revocation: checker } }))
  t.teardown(async () => { await app.close() })
  await app.register(fastifyMtls, { closeCredentials: true })
  await app.register(fastifyMtlsMonitor, { audit: false, expiry: false, meter: false })
  t.match(app.mtls.monitor.ready(), { ready: true, reasons: [] })
  t.equal(app.mtls.revocation, checker)
})

test('without credentials it says what it needs', async (t) => {
  await t.rejects(async () => { await Fastify().register(fastifyMtlsMonitor) }, { code: 'MTLS_ERR_MONITOR_OPTION', message: /credentials/ })
})
