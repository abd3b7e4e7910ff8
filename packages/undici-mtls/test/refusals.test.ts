import { test } from 'tap'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { mock } from 'node:test'
import { upgrade } from 'undici'
import { createDevCa } from '@peerkit/dev-ca'
import { memoryCredentials } from '@peerkit/credentials'
import { MtlsAgent } from '../src/index.ts'
import { explainConnectError, explainFirstRequestError, explainVerifyError } from '../src/connect/explain-error.ts'
import { createLedger } from '@peerkit/test-support/ledger'
import { startHttp2Server, startServer } from '@peerkit/test-support/listen'
import { rejection } from '@peerkit/test-support/rejection'

const { ca, server, credentials } = await createLedger()
const stranger = await (await createDevCa()).issue({ cn: 'stranger', profile: 'client' })
const strange = memoryCredentials({ cert: stranger.chain, key: stranger.key, ca: ca.root })

/** A TCP server that does as it is told with each connection. */
async function startRaw (t: { teardown (finish: () => Promise<void>): void }, serve: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const raw: Server = createServer((socket) => { sockets.add(socket.on('error', () => {})); serve(socket) }).listen(0, '127.0.0.1')
  await once(raw, 'listening')
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    raw.close()
    await once(raw, 'close')
  })
  return `https://127.0.0.1:${(raw.address() as AddressInfo).port}`
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`our certificate, refused without an alert, comes out as what it most likely is: ${version}`, async (t) => {
    const listening = await startServer({ identity: server, maxVersion: version })
    const agent = new MtlsAgent({ credentials: strange })
    t.teardown(async () => { await agent.close(); await listening.close() })
    for (const method of ['GET', 'POST'] as const) {
      const error = await rejection(agent.request({ origin: listening.origin, path: '/', method, ...(method === 'POST' && { body: 'x' }) }))
      t.match(error, { code: 'MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED', reason: 'closed', retryable: true, origin: listening.origin, cause: Error, message: /refused the client certificate: most likely/ })
    }
    t.match(await rejection(agent.fetch(listening.origin)), { cause: { code: 'MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED' } })
  })
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`over HTTP/2 too, for each of several requests at a time: ${version}`, async (t) => {
    const listening = await startHttp2Server({ identity: server, maxVersion: version })
    const agent = new MtlsAgent({ credentials: strange, allowH2: true })
    t.teardown(async () => { await agent.close(); await listening.close() })
    const errors = await Promise.all(Array.from({ length: 4 }, async () => await rejection(agent.request({ origin: listening.origin, path: '/', method: 'GET' }))))
    for (const error of errors) t.match(error, { code: 'MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED', reason: 'closed' })
    t.same(listening.seen, [])
  })
}

test('the network is pulled under load and comes back: errors say so, and calls go on', async (t) => {
  const listening = await startServer({ identity: server })
  const agent = new MtlsAgent({ credentials, connections: 10 })
  t.teardown(async () => { await agent.close(); await listening.close() })
  const outcomes = { answered: 0, failed: [] as any[] }
  let calls = 0
  const rounds = Array.from({ length: 20 }, async () => {
    for (let round = 0; round < 15; round++) {
      await agent.request({ origin: listening.origin, path: '/', method: 'GET' }).then(async ({ body }) => { await body.text(); outcomes.answered++ }).catch((error: unknown) => { outcomes.failed.push(error) })
      if (++calls % 60 === 30) for (const socket of listening.sockets) socket.resetAndDestroy()
    }
  })
  await Promise.all(rounds)
  t.equal(outcomes.answered + outcomes.failed.length, 300)
  t.ok(outcomes.answered >= 150, `${outcomes.answered} of 300 answered`)
  for (const error of outcomes.failed) t.match(error.code, /^(UND_ERR_SOCKET|ECONNRESET|EPIPE|MTLS_ERR_OUTBOUND_UNREACHABLE|MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED)$/)
  t.equal(await (await agent.request({ origin: listening.origin, path: '/after', method: 'GET' })).body.text(), '/after')
})

test('a connection that breaks after an answer is no refusal of our certificate', async (t) => {
  const listening = await startServer({
    identity: server,
    handler: (request, response) => { if (request.url === '/break') request.socket.destroy(); else response.end() }
  })
  const agent = new MtlsAgent({ credentials, connections: 1 })
  t.teardown(async () => { await agent.close(); await listening.close() })
  await (await agent.request({ origin: listening.origin, path: '/', method: 'GET' })).body.text()
  t.match(await rejection(agent.request({ origin: listening.origin, path: '/break', method: 'GET' })), { code: 'UND_ERR_SOCKET' })
  t.equal(listening.accepted(), 1)
})

test('a server that answered an upgrade took our certificate: a later connection that breaks is no refusal of it', async (t) => {
  const listening = await startServer({ identity: server, handler: (request) => { request.socket.destroy() } })
  listening.server.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
  })
  const agent = new MtlsAgent({ credentials })
  t.teardown(async () => { await agent.destroy(); await listening.close() })
  const call = async (): Promise<unknown> => await rejection(agent.request({ origin: listening.origin, path: '/', method: 'GET' }))
  t.match(await call(), { code: 'MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED' }, 'it has not answered yet')
  const { socket } = await upgrade(listening.origin, { dispatcher: agent, protocol: 'echo' })
  t.match(await call(), { code: 'UND_ERR_SOCKET' })
  socket.destroy()
})

test('alerts about our certificate are told by name and number', async (t) => {
  const cases: Array<[string, string, object]> = [
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:SSL alert number 116', { number: 116, name: 'certificate_required' }],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'ssl3_read_bytes:tlsv1 alert unknown ca:SSL alert number 48', { number: 48, name: 'unknown_ca' }],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'no number', { number: 42, name: 'bad_certificate' }],
    ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', 'SSL alert number 40', { number: 40, name: 'handshake_failure' }]
  ]
  for (const [code, message, alert] of cases) {
    const cause = Object.assign(new Error(message), { code })
    for (const error of [explainConnectError(cause, 'https://a'), explainFirstRequestError(cause, 'https://a')]) {
      t.match(error, { code: 'MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED', reason: 'alert', alert, retryable: false, cause }, code)
    }
  }
  const other = Object.assign(new Error('SSL alert number 70'), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' })
  t.match(explainConnectError(other, 'https://a'), { code: 'MTLS_ERR_OUTBOUND_UNREACHABLE', reason: 'tls', retryable: false })
  t.equal(explainFirstRequestError(other, 'https://a'), undefined)
  const several = Object.assign(new AggregateError([new Error('one'), new Error('two')]), { code: 'ECONNREFUSED' })
  t.match(explainConnectError(several, 'https://a').message, 'ECONNREFUSED (one; two)')
})

test('an expired certificate that nobody can name is not said to be the server\'s own', async (t) => {
  const cause = Object.assign(new Error('certificate has expired'), { code: 'CERT_HAS_EXPIRED' })
  const words = 'The certificate of https://a is not accepted: CERT_HAS_EXPIRED (certificate has expired)'
  t.match(explainConnectError(cause, 'https://a'), { code: 'MTLS_ERR_OUTBOUND_SERVER_EXPIRED', message: words, cause })
  const detail = { step: 'unknown_ca', message: 'CN=x has no path', certificate: undefined }
  t.equal(explainVerifyError(cause, 'https://a', () => detail)?.message, `${words}: CN=x has no path`)
})

/** The error of one request to a server that there is no connection to. */
async function callOnce (t: { teardown (finish: () => Promise<void>): void }, origin: string, options: object = {}): Promise<any> {
  const agent = new MtlsAgent({ credentials, ...options })
  t.teardown(async () => { await agent.destroy() })
  return await rejection(agent.request({ origin, path: '/', method: 'GET' }))
}

test('a port on which nobody listens is unreachable, and may be tried again', async (t) => {
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const { port } = closed.address() as AddressInfo
  closed.close()
  await once(closed, 'close')
  t.match(await callOnce(t, `https://127.0.0.1:${port}`), { code: 'MTLS_ERR_OUTBOUND_UNREACHABLE', reason: 'network', retryable: true, message: /ECONNREFUSED/, cause: { code: 'ECONNREFUSED' } })
})

test('a server that speaks no TLS is unreachable, and need not be tried again', async (t) => {
  const origin = await startRaw(t, (socket) => { socket.end('HTTP/1.1 400 Bad Request\r\n\r\n') })
  const error = await callOnce(t, origin)
  t.match(error, { code: 'MTLS_ERR_OUTBOUND_UNREACHABLE', reason: 'tls', retryable: false, cause: { code: 'ERR_SSL_WRONG_VERSION_NUMBER' } })
  t.equal(error.message, `Cannot connect to ${origin}: ERR_SSL_WRONG_VERSION_NUMBER: the server does not speak TLS on this port (is it plain HTTP?)`)
})

test('what OpenSSL says is one line, without its source files', (t) => {
  const words = '40CD0000:error:0A000102:SSL routines:ssl_choose_client_version:unsupported protocol:../deps/openssl/statem_lib.c:1973:\n'
  const named = Object.assign(new Error(words), { code: 'ERR_SSL_UNSUPPORTED_PROTOCOL', reason: 'unsupported protocol' })
  t.equal(explainConnectError(named, 'https://a').message, 'Cannot connect to https://a: ERR_SSL_UNSUPPORTED_PROTOCOL (unsupported protocol)')
  const unnamed = Object.assign(new Error('write EPROTO\n  twice\n'), { code: 'EPROTO' })
  t.equal(explainConnectError(unnamed, 'https://a').message, 'Cannot connect to https://a: write EPROTO twice')
  const long = Object.assign(new Error(words), { code: 'ERR_SSL_PACKET_LENGTH_TOO_LONG' })
  t.match(explainConnectError(long, 'https://a').message, /does not speak TLS on this port/)
  t.end()
})

test('a server that closes before the handshake is unreachable, and may be tried again', async (t) => {
  const origin = await startRaw(t, (socket) => { socket.destroy() })
  t.match(await callOnce(t, origin), { code: 'MTLS_ERR_OUTBOUND_UNREACHABLE', reason: 'closed', retryable: true })
})

test('a server that never answers the handshake is unreachable after connectTimeout, and may be tried again', async (t) => {
  const origin = await startRaw(t, () => {})
  t.match(await callOnce(t, origin, { connectTimeout: 60 }), { code: 'MTLS_ERR_OUTBOUND_UNREACHABLE', reason: 'timeout', retryable: true, message: /within 60 ms/, cause: { code: 'UND_ERR_CONNECT_TIMEOUT' } })
})

test('a server without a common TLS version is unreachable, and need not be tried again', async (t) => {
  const old = await startServer({ identity: server, maxVersion: 'TLSv1.2' })
  t.teardown(async () => { await old.close() })
  t.match(await callOnce(t, old.origin, { minVersion: 'TLSv1.3' }), { code: 'MTLS_ERR_OUTBOUND_UNREACHABLE', reason: 'tls', retryable: false })
})

test('maxVersion and ciphers that the server has too make a connection', async (t) => {
  const old = await startServer({ identity: server, maxVersion: 'TLSv1.2' })
  const strict = new MtlsAgent({ credentials, maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })
  t.teardown(async () => { await strict.close(); await old.close() })
  const { body, statusCode } = await strict.request({ origin: old.origin, path: '/', method: 'GET' })
  await body.dump()
  t.equal(statusCode, 200)
})

/** A checker that answers once it is told to; `asked` resolves when it is asked. */
function createWaitingChecker (): { readonly revocation: any, readonly asked: Promise<void>, readonly answer: (status: object) => void } {
  const asked = Promise.withResolvers<void>()
  const status = Promise.withResolvers<object>()
  const revocation = {
    epoch: 0,
    check: async () => {
      asked.resolve()
      return await status.promise
    },
    permits: () => true,
    subscribe: () => () => {},
    close: async () => {}
  }
  return { revocation, asked: asked.promise, answer: status.resolve }
}

test('a check for revocation that takes longer than connectTimeout ends the connection', async (t) => {
  const listening = await startServer({ identity: server })
  const { revocation, asked } = createWaitingChecker()
  const agent = new MtlsAgent({ credentials, revocation, connectTimeout: 10_000 })
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(async () => { mock.timers.reset(); await agent.destroy(); await listening.close() })
  const refused = rejection(agent.request({ origin: listening.origin, path: '/', method: 'GET' }))
  await asked
  mock.timers.tick(10_000)
  t.match(await refused, { code: 'MTLS_ERR_OUTBOUND_UNREACHABLE', reason: 'timeout' })
  t.same(listening.seen, [])
})

test('a server that closes the connection during the check for revocation has refused our certificate', async (t) => {
  const listening = await startServer({ identity: server })
  const { revocation, asked, answer } = createWaitingChecker()
  const agent = new MtlsAgent({ credentials, revocation })
  t.teardown(async () => { await agent.destroy(); await listening.close() })
  const clientSockets: Socket[] = []
  const remember = (message: unknown): void => { clientSockets.push((message as { socket: Socket }).socket) }
  subscribe('net.client.socket', remember)
  const refused = rejection(agent.request({ origin: listening.origin, path: '/', method: 'GET' }))
  await asked
  unsubscribe('net.client.socket', remember)
  const ended = clientSockets.map(async (socket) => { await once(socket, 'close') })
  for (const socket of listening.sockets) socket.destroy()
  await Promise.all(ended)
  answer({ state: 'good', source: 'ocsp', until: Infinity })
  t.match(await refused, { code: 'MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED', reason: 'closed' })
  t.same(listening.seen, [])
})

test('options that are wrong are named, with what was found and what was expected', async (t) => {
  const wrong = (options: object, message: RegExp): void => { t.throws(() => new MtlsAgent(options as any), { code: 'MTLS_ERR_OUTBOUND_OPTION', message }) }
  wrong({}, /credentials is missing; expected a credential source/)
  wrong({ credentials: Promise.resolve(credentials) }, /a Promise \(await it\)/)
  wrong({ credentials, alowedServers: [] }, /unknown option "alowedServers" for MtlsAgent; did you mean "allowedServers"\?/)
  wrong({ credentials, allowH2S: true }, /did you mean "allowH2"/)
  wrong({ credentials, connectTimeout: 0 }, /connectTimeout is 0/)
  wrong({ credentials, minVersion: 'TLSv1.1' }, /minVersion is "TLSv1.1"/)
  wrong({ credentials, now: 5 }, /now is 5; expected a function/)
  wrong({ credentials, socketPath: '/x', proxy: 'http://p' }, /found socketPath and proxy; expected only one/)
  wrong({ credentials, origins: { 'https://a/path': {} } }, /expected only https, host and port/)
  wrong({ credentials, origins: { 'http://a': {} } }, /expected only https/)
  wrong({ credentials, origins: { nonsense: {} } }, /expected an https origin such as/)
  wrong({ credentials, origins: { 'localhost:8444': {} } }, /origin is "localhost:8444"; expected an https origin such as .*: https:\/\/ is missing/)
  wrong({ credentials, origins: { 'https://a:x': {} } }, /origin is "https:\/\/a:x"; expected an https origin such as https:\/\/ledger\.internal:8443$/)
  wrong({ credentials, origins: { 'https://a': {}, 'https://A:443': {} } }, /origins contains https:\/\/a twice/)
  wrong({ credentials, origins: { 'https://a': null } }, /is null; expected an object/)
  wrong({ credentials, origins: { 'https://a': { rules: [] } } }, /unknown option "rules" for origins\["https:\/\/a"\]/)
  wrong({ credentials, origins: { 'https://a': { credentials: {} } } }, /origins\["https:\/\/a"\]\.credentials is an object without subscribe\(\)/)
  wrong({ credentials, proxy: 'nonsense' }, /proxy is "nonsense"; expected http/)
  wrong({ credentials, proxy: 'ftp://proxy' }, /expected http/)
  wrong({ credentials, proxy: 'ftp://me:hunter2@proxy' }, /proxy is "ftp:\/\/…@proxy"; expected http/)
  wrong({ credentials, proxy: { uri: 'me:hunter2@proxy:3128' } }, /proxy\.uri is "…@proxy:3128"; expected http/)
  wrong({ credentials, proxy: { uri: 'http://proxy', headers: 'Basic aHVudGVyMg==' } }, /proxy\.headers is a string of 18 characters; expected/)
  wrong({ credentials, origins: { 'https://me:hunter2@a': {} } }, /origin is "https:\/\/…@a"; expected only https/)
  for (const name of ['keepAliveTimeout', 'keepAliveMaxTimeout', 'keepAliveTimeoutThreshold', 'headersTimeout', 'bodyTimeout', 'clientTtl', 'connectTimeout']) {
    wrong({ credentials, [name]: 2 ** 31 }, new RegExp(`${name} is 2147483648; expected milliseconds .*2,147,483,647`))
  }
  wrong({ credentials, proxy: { uri: 'https://p', credentials: 5 } }, /proxy\.credentials is 5; expected a credential source/)
  wrong({ credentials, algorithms: 5 }, /^Invalid outbound option: algorithms is 5; expected/)
  wrong({ credentials, algorithms: { curve: [] } }, /option: unknown option "curve" for algorithms/)
  wrong({ credentials, algorithms: { minRsaBits: 5 } }, /option: algorithms\.minRsaBits is 5; expected/)
  const misspelt = { credentials, algorithms: { signatures: ['ed2551'] } }
  wrong(misspelt, /^Invalid outbound option: algorithms\.signatures\[0\] is "ed2551"; expected a name/)
  t.throws(() => new MtlsAgent(misspelt), { cause: { code: 'MTLS_ERR_PATH_OPTION' } })
  t.throws(() => new MtlsAgent({ credentials, allowedServers: [] }), { code: 'MTLS_ERR_RULE_INVALID' })
  t.throws(() => new MtlsAgent({ credentials, origins: { 'https://a': { allowedServers: [{ cm: 'x' } as any] } } }), { code: 'MTLS_ERR_RULE_INVALID', message: /origins\["https:\/\/a"\]\.allowedServers/ })
})

test('origins are compared whole; only https is called; * stands for the others', async (t) => {
  const agent = new MtlsAgent({ credentials, origins: { 'https://api.internal': {} } })
  const call = async (origin: string): Promise<any> => await rejection(agent.request({ origin, path: '/', method: 'GET' }))
  for (const origin of ['https://api.internal.evil.example', 'https://api.internal:8443', 'https://api.interna', 'https://evil.example', 'http://api.internal', '']) {
    t.match(await call(origin), { code: origin === '' ? /UND_ERR_INVALID_ARG|MTLS_ERR_OUTBOUND_ORIGIN/ : 'MTLS_ERR_OUTBOUND_ORIGIN' }, origin)
  }
  const listening = await startServer({ identity: server })
  const open = new MtlsAgent({ credentials, origins: { 'https://api.internal': { allowedServers: [{ cn: 'api' }] }, '*': { allowedServers: [{ cn: 'ledger' }] } } })
  t.teardown(async () => { await open.close(); await agent.close(); await listening.close() })
  await (await open.request({ origin: listening.origin, path: '/', method: 'GET' })).body.dump()
  t.match(await rejection(open.request({ origin: 'http://127.0.0.1', path: '/', method: 'GET' })), { code: 'MTLS_ERR_OUTBOUND_ORIGIN' })
})

test('an error about a proxy shows neither user nor password', async (t) => {
  for (const uri of ['http://user:hunter2@proxy:1/path', 'socks5://user:hunter2@proxy:1', 'user:hunter2@proxy:1', 'http://user:hun/ter2@x@proxy:99999', 'http://us er:hunter2@']) {
    for (const proxy of [uri, { uri }]) {
      t.throws(() => new MtlsAgent({ credentials, proxy }), { code: 'MTLS_ERR_OUTBOUND_OPTION', message: /^(?!.*(user|us er|hun|ter2)).*…@/ }, uri)
    }
  }
  t.throws(() => new MtlsAgent({ credentials, proxy: { uri: 5 as never } }), { code: 'MTLS_ERR_OUTBOUND_OPTION', message: /proxy.uri is 5; expected/ })
})
