import { test } from 'tap'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage, Server as HttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { memoryCredentials } from '@peerkit/credentials'
import type { CredentialSource } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import type { RevocationChecker, RevocationStatus } from '@peerkit/revocation'
import { MtlsAgent, getServerIdentity } from '../src/index.ts'
import { LEDGER, createLedger } from '@peerkit/test-support/ledger'
import { startHttp2Server, startServer } from '@peerkit/test-support/listen'
import { rejection } from '@peerkit/test-support/rejection'
import { isSoon } from '@peerkit/test-support/turns'

const { ca, server, client, credentials } = await createLedger()
const proxyIdentity = await ca.issue({ cn: 'proxy', ip: '127.0.0.1', spiffe: 'spiffe://prod.example/proxy' })

interface TestProxy { readonly uri: string, readonly asked: Array<{ authority: string, authorization: string | undefined, client: string | undefined }>, close (): Promise<void> }

/** A proxy that knows CONNECT, over TCP or over TLS that demands client certificates. */
async function startProxy (secure: boolean, answer = 'HTTP/1.1 200 OK\r\n\r\n', identity = proxyIdentity): Promise<TestProxy> {
  const asked: TestProxy['asked'] = []
  const sockets = new Set<Socket>()
  const proxy: HttpServer = secure ? createHttpsServer({ cert: identity.chain, key: identity.key, ca: ca.root, requestCert: true, rejectUnauthorized: true }) : createHttpServer()
  proxy.on('connection', (socket: Socket) => { sockets.add(socket.on('error', () => {})) })
  proxy.on('tlsClientError', () => {})
  proxy.on('connect', ({ url = '', headers }: IncomingMessage, socket: Socket) => {
    const peer = secure ? String((socket as TLSSocket).getPeerCertificate().subject.CN) : undefined
    asked.push({ authority: url, authorization: headers['proxy-authorization'], client: peer })
    if (!answer.includes('200')) { socket.end(answer); return }
    const [host, port] = [url.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''), Number(/\d+$/.exec(url)?.[0])]
    const upstream = connect(port, host === 'ledger.internal' ? '127.0.0.1' : host, () => {
      socket.write(answer)
      upstream.pipe(socket).pipe(upstream)
    })
    sockets.add(upstream.on('error', () => { socket.destroy() }).on('close', () => { socket.destroy() }))
    socket.on('error', () => { upstream.destroy() }).on('close', () => { upstream.destroy() })
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    uri: `${secure ? 'https' : 'http'}://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    asked,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      proxy.close()
      await once(proxy, 'close')
    }
  }
}

for (const secure of [false, true]) {
  test(`mutual TLS to the origin through ${secure ? 'a proxy that itself demands certificates' : 'a plain proxy'}`, async (t) => {
    const listening = await startServer({ identity: server })
    const proxy = await startProxy(secure)
    const origin = `https://ledger.internal:${listening.port}`
    const source = memoryCredentials({ cert: client.chain, key: client.key, ca: ca.root })
    const agent = new MtlsAgent({ credentials: source, allowedServers: [{ spiffe: LEDGER }], allowH2: true, proxy: { uri: proxy.uri, headers: { 'proxy-authorization': 'Basic x' } } })
    t.teardown(async () => { await agent.destroy(); await proxy.close(); await listening.close() })
    const first = await agent.request({ origin, path: '/proxied', method: 'GET' })
    t.equal(await first.body.text(), '/proxied')
    t.equal(getServerIdentity(first)?.spiffeId, LEDGER)
    t.equal(await (await agent.fetch(`${origin}/fetched`)).text(), '/fetched')
    const renewed = await ca.issue({ cn: 'orders-2', profile: 'client' })
    source.update({ cert: renewed.chain, key: renewed.key })
    t.equal(await (await agent.request({ origin, path: '/again', method: 'GET' })).body.text(), '/again')
    t.match(proxy.asked[0], { authority: `ledger.internal:${listening.port}`, authorization: 'Basic x', client: secure ? 'orders' : undefined })
    t.match(proxy.asked.at(-1), { client: secure ? 'orders-2' : undefined })
  })
}

test('HTTP/2 goes through a proxy too', async (t) => {
  const listening = await startHttp2Server({ identity: server })
  const proxy = await startProxy(true)
  const agent = new MtlsAgent({ credentials, allowH2: true, proxy: proxy.uri })
  t.teardown(async () => { await agent.destroy(); await proxy.close(); await listening.close() })
  t.equal(await (await agent.request({ origin: listening.origin, path: '/h2', method: 'GET' })).body.text(), '/h2')
  t.same(listening.seen, ['2.0 /h2'])
})

test('the wrong server behind a proxy gets no byte, the wrong proxy is not even asked', async (t) => {
  const wrong = await startServer({ identity: await ca.issue({ cn: 'other', dns: 'elsewhere.example' }) })
  const proxy = await startProxy(true)
  const origin = `https://ledger.internal:${wrong.port}`
  const agent = new MtlsAgent({ credentials, proxy: proxy.uri })
  const picky = new MtlsAgent({ credentials, proxy: { uri: proxy.uri, allowedServers: [{ spiffe: 'spiffe://prod.example/other-proxy' }] } })
  t.teardown(async () => { await agent.destroy(); await picky.destroy(); await proxy.close(); await wrong.close() })
  t.match(await rejection(agent.request({ origin, path: '/', method: 'GET' })), { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', origin })
  t.match(await rejection(picky.request({ origin, path: '/', method: 'GET' })), { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', origin: proxy.uri })
  t.equal(proxy.asked.length, 1)
  t.same(wrong.seen, [])
})

test('a proxy that refuses, speaks out of turn, or is not there', async (t) => {
  const listening = await startServer({ identity: server })
  const call = async (uri: string): Promise<any> => {
    const agent = new MtlsAgent({ credentials, proxy: uri })
    t.teardown(async () => { await agent.destroy() })
    return await rejection(agent.request({ origin: listening.origin, path: '/', method: 'GET' }))
  }
  const [needing, broken, eager, silent] = [await startProxy(false, 'HTTP/1.1 407 Who\r\n\r\n'), await startProxy(false, 'HTTP/1.1 502 No\r\n\r\n'), await startProxy(false, 'HTTP/1.1 200 OK\r\n\r\nhello'), await startProxy(false, '')]
  t.teardown(async () => { for (const each of [needing, broken, eager, silent, listening]) await each.close() })
  t.match(await call(needing.uri.replace('//', '//user:pa%20ss@')), { code: 'MTLS_ERR_OUTBOUND_UNREACHABLE', reason: 'proxy', retryable: false, message: /answered CONNECT with 407/ })
  t.equal(needing.asked[0]?.authorization, `Basic ${Buffer.from('user:pa ss').toString('base64')}`)
  t.match(await call(broken.uri), { reason: 'proxy', retryable: true, message: /502/ })
  t.match(await call(eager.uri), { reason: 'proxy', message: /sent data of its own/ })
  t.match(await call(silent.uri), { reason: 'proxy', retryable: true, message: /closed the connection/ })
  const { uri } = silent
  await silent.close()
  silent.close = async () => {}
  t.match(await call(uri), {
    code: 'MTLS_ERR_OUTBOUND_UNREACHABLE',
    reason: 'proxy',
    retryable: true,
    origin: listening.origin,
    message: /the proxy http:\/\/127\.0\.0\.1:\d+ cannot be reached: connect ECONNREFUSED/
  })
  t.same(listening.seen, [])
})

test('a proxy with credentials of its own; its connections go when those rotate', async (t) => {
  const listening = await startServer({ identity: server })
  const proxy = await startProxy(true)
  const gatekeeper = await ca.issue({ cn: 'gatekeeper', profile: 'client' })
  const own = memoryCredentials({ cert: gatekeeper.chain, key: gatekeeper.key, ca: ca.root })
  const agent = new MtlsAgent({ credentials, origins: { [listening.origin]: { proxy: { uri: proxy.uri, credentials: own } } } })
  t.teardown(async () => { await agent.destroy(); await proxy.close(); await listening.close() })
  const get = async (): Promise<unknown> => await (await agent.request({ origin: listening.origin, path: '/', method: 'GET' })).body.text()
  await get()
  const renewed = await ca.issue({ cn: 'gatekeeper-2', profile: 'client' })
  own.update({ cert: renewed.chain, key: renewed.key })
  await get()
  t.same(proxy.asked.map(({ client }) => client), ['gatekeeper', 'gatekeeper-2'])
})

test('an idle connection through a proxy is closed when the credentials for the proxy rotate', async (t) => {
  const listening = await startServer({ identity: server })
  const proxy = await startProxy(true)
  const own = memoryCredentials({ cert: client.chain, key: client.key, ca: ca.root })
  const agent = new MtlsAgent({ credentials, origins: { [listening.origin]: { proxy: { uri: proxy.uri, credentials: own } } } })
  t.teardown(async () => { await agent.destroy(); await proxy.close(); await listening.close() })
  await (await agent.request({ origin: listening.origin, path: '/', method: 'GET' })).body.dump()
  t.equal(listening.sockets.size, 1)
  const renewed = await ca.issue({ cn: 'renewed', profile: 'client' })
  own.update({ cert: renewed.chain, key: renewed.key })
  t.ok(await isSoon(() => listening.sockets.size === 0))
})

const HOUR = 3_600_000

test('a connection through a proxy ends with what the proxy was accepted by, also before the origin\'s own end', async (t) => {
  const start = Date.now()
  const soon = new Date(start + HOUR)
  const briefProxy = await ca.issue({ cn: 'brief-proxy', ip: '127.0.0.1', notAfter: soon })
  const briefClient = await ca.issue({ cn: 'brief-client', profile: 'client', notAfter: soon })
  const brief = memoryCredentials({ cert: briefClient.chain, key: briefClient.key, ca: ca.root })
  const good = (until: number): RevocationStatus => ({ state: 'good', source: 'ocsp', until })
  for (const [what, { identity = proxyIdentity, own = undefined, isRevoked = false }, expected] of [
    ['the certificate of the proxy ends', { identity: briefProxy }, { code: 'MTLS_ERR_OUTBOUND_SERVER_EXPIRED' }],
    ['the answer about its revocation ends', { isRevoked: true }, { code: 'MTLS_ERR_OUTBOUND_SERVER_REVOKED' }],
    ['the certificate that we show to the proxy ends', { own: brief }, { code: 'MTLS_ERR_OUTBOUND_CREDENTIALS_EXPIRED' }]
  ] as ReadonlyArray<readonly [string, { readonly identity?: IssuedCertificate, readonly own?: CredentialSource, readonly isRevoked?: boolean }, object]>) {
    let time = start
    const revocation: RevocationChecker = {
      epoch: 1,
      check: ({ subject }) => {
        if (!isRevoked || subject?.commonName !== 'proxy') return good(Infinity)
        return time < start + HOUR ? good(start + HOUR) : { state: 'revoked', source: 'ocsp', reason: 'keyCompromise', revokedAt: start }
      },
      permits: ({ state }) => state === 'good',
      subscribe: () => () => {},
      close: async () => {}
    }
    const listening = await startServer({ identity: server })
    const proxy = await startProxy(true, undefined, identity)
    const origins = { [listening.origin]: { proxy: { uri: proxy.uri, ...(own !== undefined && { credentials: own }) } } }
    const agent = new MtlsAgent({ credentials, revocation, origins, connections: 1, now: () => time })
    t.teardown(async () => { await agent.destroy(); await proxy.close(); await listening.close() })
    const get = async (path: string): Promise<string> => await (await agent.request({ origin: listening.origin, path, method: 'GET' })).body.text()
    t.equal(await get('/first'), '/first', what)
    time = start + HOUR - 2_000
    t.equal(await get('/second'), '/second')
    t.equal(proxy.asked.length, 1, `${what}: before, the tunnel is used again`)
    time = start + HOUR + 2_000
    t.match(await rejection(get('/third')), expected, what)
    t.strictSame(listening.seen, ['/first', '/second'], `${what}: nothing more was sent`)
  }
})

test('a Unix socket stands for the address, the name is checked all the same', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'peerkit-'))
  const socketPath = join(folder, 'ledger.sock')
  const listening = await startServer({ identity: server, path: socketPath })
  const agent = new MtlsAgent({ credentials, socketPath })
  const one = new MtlsAgent({ credentials, origins: { 'https://localhost': { socketPath } } })
  t.teardown(async () => { await agent.close(); await one.close(); await listening.close(); rmSync(folder, { recursive: true }) })
  t.equal(await (await agent.request({ origin: 'https://localhost', path: '/unix', method: 'GET' })).body.text(), '/unix')
  t.equal(await (await one.request({ origin: 'https://localhost', path: '/one', method: 'GET' })).body.text(), '/one')
  t.match(await rejection(agent.request({ origin: 'https://elsewhere.example', path: '/', method: 'GET' })), { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER' })
})

test('each origin may have credentials of its own, and rotates by itself', async (t) => {
  const partnerCa = await createDevCa({ name: 'Partner CA' })
  const partner = await partnerCa.issue({ cn: 'partner', ip: '127.0.0.1' })
  const forPartner = await partnerCa.issue({ cn: 'us-at-partner', profile: 'client' })
  const whoami = (request: IncomingMessage, response: any): void => { response.end((request.socket as any).getPeerCertificate().subject.CN) }
  const inside = await startServer({ identity: server, handler: whoami })
  const outside = await startServer({ identity: partner, handler: whoami })
  const source = memoryCredentials({ cert: client.chain, key: client.key, ca: ca.root })
  const partnerSource = memoryCredentials({ cert: forPartner.chain, key: forPartner.key, ca: partnerCa.root })
  const agent = new MtlsAgent({ credentials: source, connections: 1, origins: { [inside.origin]: {}, [outside.origin]: { credentials: partnerSource, allowedServers: [{ cn: 'partner' }] } } })
  t.teardown(async () => { await agent.close(); await inside.close(); await outside.close() })
  const get = async (origin: string): Promise<string> => await (await agent.request({ origin, path: '/', method: 'GET' })).body.text()
  t.equal(await get(inside.origin), 'orders')
  t.equal(await get(outside.origin), 'us-at-partner')
  const renewed = await partnerCa.issue({ cn: 'us-renewed', profile: 'client' })
  partnerSource.update({ cert: renewed.chain, key: renewed.key })
  t.equal(await get(outside.origin), 'us-renewed')
  t.equal(await get(inside.origin), 'orders')
  t.equal(inside.accepted(), 1, 'the others stay as they are')
  t.equal(outside.accepted(), 2)
})

test('a proxy that refuses with a body in the same packet is told with its status', async (t) => {
  for (const [status, words, retryable] of [
    [407, '407 Proxy Authentication Required', false], [403, '403 Forbidden', false], [429, '429 Too Many Requests', true], [503, '503 Service Unavailable', true],
    [599, '599', true]
  ] as const) {
    const proxy = await startProxy(false, `HTTP/1.1 ${status} <own words>\r\nContent-Length: 6\r\n\r\ndenied`)
    const agent = new MtlsAgent({ credentials, proxy: proxy.uri })
    t.match(await rejection(agent.request('https://partner.example/')), {
      code: 'MTLS_ERR_OUTBOUND_UNREACHABLE', reason: 'proxy', retryable, message: new RegExp(`answered CONNECT with ${words}$`)
    })
    await agent.destroy()
    await proxy.close()
  }
})

test('a proxy that demands certificates and is down is told as the proxy', async (t) => {
  const proxy = await startProxy(true)
  await proxy.close()
  const agent = new MtlsAgent({ credentials, proxy: proxy.uri })
  t.match(await rejection(agent.request('https://partner.example/')), { reason: 'proxy', origin: 'https://partner.example' })
  await agent.destroy()
})

test('a proxy with a password is never told with it', (t) => {
  for (const uri of ['http://user:hunter2@proxy.example/path', 'ftp://user:hunter2@proxy.example', 'http://user:hunter2@:x']) {
    const message = (() => { try { return String(new MtlsAgent({ credentials, proxy: uri })) } catch (error) { return (error as Error).message } })()
    t.match(message, /proxy is .*; expected http:\/\/host:port/)
    t.notMatch(message, /hunter2/)
  }
  t.end()
})
