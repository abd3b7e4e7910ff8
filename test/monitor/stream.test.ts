// What the packages publish, end to end: one stream, one audit line each, no secret, bounded under a flood.
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate } from '@peerkit/dev-ca'
import { eventNames } from '@peerkit/events'
import type { EventName } from '@peerkit/events'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import fastifyMtlsMonitor from '@peerkit/mtls-monitor/fastify'
import { compileRules } from '@peerkit/rules'
import { MtlsAgent } from '@peerkit/undici-mtls'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import https from 'node:https'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { test } from 'tap'
import type { Test } from 'tap'

interface World {
  readonly ca: DevCa
  readonly app: FastifyInstance
  readonly credentials: ReturnType<typeof memoryCredentials>
  readonly key: string
  readonly lines: any[]
  readonly port: number
  call (client: IssuedCertificate | undefined, path: string, headers?: Record<string, string>): Promise<number | string>
}

async function serve (t: Test, { monitored = true, audit = {}, level = 'warn', clientCertificate = 'required' as 'required' | 'optional' } = {}): Promise<World> {
  const ca = await createDevCa({ name: 'Stream CA' })
  const server = await ca.issue({ cn: 'ledger', ip: '127.0.0.1' })
  const credentials = memoryCredentials({ cert: server.chain, key: server.key, ca: ca.root })
  const lines: any[] = []
  const app = Fastify(withMtls(credentials, { mtls: { clientCertificate }, logger: { level, stream: { write (line: string) { lines.push(JSON.parse(line)) } } } })) as unknown as FastifyInstance
  if (monitored) await app.register(fastifyMtlsMonitor, { credentials, audit, expiry: { peers: 'none' } })
  await app.register(fastifyMtls, { forwarded: { format: 'rfc9440', gateways: { identity: compileRules([{ cn: 'gateway' }]) } } })
  await app.register(fastifyAllowedClients, { groups: { billing: { ou: 'billing' } } })
  app.get('/mail', { config: { allowedClients: [{ email: 'billing@example.org' }] } }, async () => 'x')
  app.get('/invoices', { config: { allowedClients: ['billing'] } }, async () => 'x')
  await app.register(async (scope) => {
    scope.mtls.allow(['billing'], { mode: 'report-only' })
    scope.get('/reported', async () => 'x')
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(async () => { await app.close() })
  const { port } = app.server.address() as AddressInfo
  const call: World['call'] = async (client, path, headers = {}) => await new Promise((resolve) => {
    const request = https.get({ port, host: '127.0.0.1', path, headers, ca: ca.root, agent: false, ...(client !== undefined && { cert: client.chain, key: client.key }) }, (response) => {
      response.resume()
      response.on('end', () => { resolve(response.statusCode ?? 0) })
    })
    request.on('error', (error: NodeJS.ErrnoException) => { resolve(error.code ?? error.message) })
  })
  return { ca, app, credentials, key: server.key, lines, port, call }
}

/** Every message that is published until the test ends. */
function record (t: Test): Array<[EventName, any]> {
  const messages: Array<[EventName, any]> = []
  for (const name of eventNames) {
    const hear = (message: unknown): void => { messages.push([name, message]) }
    subscribe(name, hear)
    t.teardown(() => { unsubscribe(name, hear) })
  }
  return messages
}

/** The secret part of a PEM key, in every spelling in which it could leak. */
function secretsOf (pem: string): string[] {
  const body = pem.replace(/-----[^-]+-----|\s/g, '')
  const der = Buffer.from(body, 'base64')
  // A P-256 key in PKCS#8: the private scalar is 32 octets behind the tag 04 20.
  const at = der.indexOf(Buffer.from([0x04, 0x20])) + 2
  const scalar = der.subarray(at, at + 32)
  return [pem.split('\n')[1] as string, body.slice(0, 64), scalar.toString('hex'), scalar.toString('base64url').slice(0, 40), [...scalar].join(','), [...scalar].join(', ')]
}

test('no message and no line holds a key or the value of a header', async (t) => {
  const messages = record(t)
  const { ca, app, credentials, key, lines, port, call } = await serve(t)
  const [billing, ops, foreign] = [await ca.issue({ cn: 'b', ou: 'billing' }), await ca.issue({ cn: 'o', ou: 'ops' }), await (await createDevCa()).issue({ cn: 'f' })]
  t.equal(await call(billing, '/invoices?token=hush-query', { authorization: 'Bearer hush-bearer', cookie: 'hush-cookie' }), 200)
  t.equal(await call(ops, '/invoices?token=hush-query', { authorization: 'Bearer hush-bearer' }), 403)
  t.equal(await call(ops, '/reported', { cookie: 'hush-cookie' }), 200)
  t.equal(await call(ops, '/invoices', { 'client-cert': ':aHVzaC1oZWFkZXI=:' }), 401)
  t.type(await call(foreign, '/invoices'), 'string')
  t.type(await call(undefined, '/invoices'), 'string')
  const agent = new MtlsAgent({ credentials, allowedServers: [{ cn: 'ledger' }] })
  await (await agent.fetch(`https://127.0.0.1:${port}/reported`)).text()
  await agent.close()
  const wrong = new MtlsAgent({ credentials, allowedServers: [{ cn: 'somebody else' }] })
  await t.rejects(wrong.fetch(`https://127.0.0.1:${port}/reported`))
  await wrong.close()
  const next = await ca.issue({ cn: 'ledger', ip: '127.0.0.1' })
  await credentials.update({ cert: next.chain, key: next.key, ca: ca.root })
  await t.rejects(async () => { await credentials.update({ cert: next.chain, key: billing.key, ca: ca.root }) })
  await app.close()
  const published = new Set(messages.map(([name]) => name))
  for (const name of ['handshake:refused', 'forwarded:refused', 'connection:identified', 'request:allowed', 'request:denied', 'request:would-deny', 'outbound:identified', 'outbound:refused', 'credentials:rotated', 'credentials:refused']) {
    t.ok(published.has(`peerkit:${name}` as EventName), name)
  }
  const text = messages.map(([, message]) => `${inspect(message, { depth: Infinity, showHidden: true, maxArrayLength: null, maxStringLength: null })}\n${JSON.stringify(message)}`).join('\n') + JSON.stringify(lines)
  for (const secret of [key, next.key, billing.key, ops.key].flatMap(secretsOf)) t.notOk(text.includes(secret))
  for (const secret of ['hush-query', 'hush-bearer', 'hush-cookie', 'aHVzaC1oZWFkZXI', 'hush-header', 'PRIVATE KEY']) t.notOk(text.includes(secret), secret)
  t.ok(messages.every(([, message]) => message.v === 1 && Number.isInteger(message.time)), 'every message has its version and time')
})

test('a denial has one line, with the monitor and without it', async (t) => {
  for (const monitored of [true, false]) {
    const { ca, app, call, lines } = await serve(t, { monitored })
    const ops = await ca.issue({ cn: 'o', ou: 'ops' })
    await call(ops, '/invoices')
    await call(undefined, '/invoices')
    t.equal(lines.filter(({ msg }) => msg === 'client denied').length, 1)
    t.equal(lines.filter(({ msg }) => /^mTLS handshake/.test(msg)).length, 1)
    t.match(lines.find(({ msg }) => /^mTLS handshake/.test(msg)), { reason: 'no_certificate', hint: /Configure the client/ })
    t.equal(lines.some(({ audit }) => audit === 1), monitored)
    // The log is that of the process: the next app must not find it open.
    await app.close()
  }
})

test('a denial has one line of any level, without a stack, and no e-mail address', async (t) => {
  for (const monitored of [true, false]) {
    const { ca, app, call, lines } = await serve(t, { monitored, level: 'info', clientCertificate: 'optional' })
    const messages = record(t)
    const client = await ca.issue({ cn: 'o', email: 'someone@example.org' })
    for (const [who, path, status, fields] of [
      [client, '/mail', 403, { reason: 'no_match', peer: /CN=o/, nearest: { failed: [{ key: 'email', found: ['[redacted]'] }] } }],
      [undefined, '/mail', 401, { reason: 'no_identity', route: '/mail' }],
      [client, '/nowhere?x=1', 403, { reason: 'no_rule', path: '/nowhere' }]
    ] as const) {
      lines.splice(0)
      t.equal(await call(who, path), status)
      t.match(lines, [{ level: 40, msg: 'client denied', ...fields }])
      t.equal(lines.length, 1, `${path} ${status}`)
      t.ok(JSON.stringify(lines).length < 1_000)
      t.notMatch(JSON.stringify(lines), /stack|someone@/)
    }
    const denied = messages.filter(([name]) => name === 'peerkit:request:denied')
    t.equal(denied.length, 3)
    t.notMatch(JSON.stringify(denied.map(([, { nearest }]) => nearest)), /someone@/)
    await app.close()
  }
})

test('thousands of failed handshakes and denials leave a bounded log that states what is missing', async (t) => {
  const { ca, app, call, lines, port } = await serve(t, { audit: { summaryInterval: 3_600_000, perSecond: 0, sourcePerSecond: 0 } })
  const [ops, other] = [await ca.issue({ cn: 'o', ou: 'ops' }), await ca.issue({ cn: 'p', ou: 'ops' })]
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1, ca: ca.root, cert: ops.chain, key: ops.key })
  const denials = 1_500
  for (let index = 0; index < denials; index++) {
    const [response] = await once(https.get({ port, host: '127.0.0.1', path: `/invoices?${index}`, agent }), 'response')
    response.resume()
    await once(response, 'end')
  }
  agent.destroy()
  const failures = 1_500
  for (let index = 0; index < failures; index += 50) {
    await Promise.all(Array.from({ length: 50 }, async () => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      socket.end('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
      socket.resume()
      await once(socket, 'close')
    }))
  }
  t.equal(await call(other, '/invoices'), 403)
  t.ok(lines.some(({ event, peer }) => event === 'request:denied' && peer.includes('CN=p')), 'the quiet client has its line')
  await app.close()
  t.equal(lines.filter(({ event }) => event === 'request:denied').length, 21)
  t.ok(lines.length < 100, `${lines.length} lines`)
  const { dropped } = lines.find(({ event }) => event === 'audit:dropped')
  t.equal(dropped['request:denied no_match'], denials - 20)
  t.ok(dropped['handshake:refused protocol'] >= failures - 100)
})
