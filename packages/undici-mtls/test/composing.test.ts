import { test } from 'tap'
import { createServer as createPlainServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import * as undici from 'undici'
import { cacheStores, fetch as undiciFetch, getGlobalDispatcher, interceptors, MockAgent, pipeline, request, RetryAgent, setGlobalDispatcher, stream, WebSocket } from 'undici'
import type { Dispatcher } from 'undici'
import * as undici7 from 'undici7'
import { WebSocketServer } from 'ws'
import { MtlsAgent, retryErrorCodes, getServerIdentity } from '../src/index.ts'
import { LEDGER, createLedger } from '@peerkit/test-support/ledger'
import { startHttp2Server, startServer } from '@peerkit/test-support/listen'
import { rejection } from '@peerkit/test-support/rejection'

const { ca, server, credentials } = await createLedger()
const ledger = await startServer({
  identity: server,
  handler: (incoming, response) => {
    if (incoming.url?.startsWith('/redirect') === true) {
      response.writeHead(302, { location: new URL(incoming.url, ledger.origin).searchParams.get('to') ?? '/' }).end()
      return
    }
    response.setHeader('cache-control', 'max-age=60')
    response.setHeader('x-host', incoming.headers.host ?? '')
    incoming.on('error', () => {}).pipe(response)
    if (incoming.method === 'GET') response.end(incoming.url)
  }
})
const { origin } = ledger
const agent = new MtlsAgent({ credentials, allowedServers: [{ spiffe: LEDGER }] })

/** A port on which nobody listens. */
async function freePort (): Promise<number> {
  const taken = createPlainServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  taken.close()
  await once(taken, 'close')
  return port
}

test('stream and pipeline know who served', async (t) => {
  const sink = new PassThrough()
  let context: object = {}
  await stream(`${origin}/streamed`, { dispatcher: agent, method: 'GET' }, (data) => { context = data; return sink })
  t.equal(await text(sink), '/streamed')
  t.equal(getServerIdentity(context)?.spiffeId, LEDGER)
  const piped = pipeline(`${origin}/`, { dispatcher: agent, method: 'POST' }, (data) => { context = data; return data.body })
  piped.end('through')
  t.equal(await text(piped), 'through')
  t.equal(getServerIdentity(context)?.spiffeId, LEDGER)
})

test('a WebSocket opens through the agent', async (t) => {
  const sockets = new WebSocketServer({ noServer: true })
  ledger.server.once('upgrade', (incoming, socket, head) => { sockets.handleUpgrade(incoming, socket, head, (accepted) => { accepted.send((incoming.socket as any).getPeerCertificate().subject.CN) }) })
  const socket = new WebSocket(`wss://127.0.0.1:${ledger.port}/`, { dispatcher: agent })
  const [event] = await once(socket, 'message')
  t.equal((event as { data: string }).data, 'orders')
  socket.close()
  await once(socket, 'close')
  const bare: any = new undici.Agent()
  t.same((agent as any).webSocketOptions, bare.webSocketOptions, 'under the same limits')
  t.same((agent as any).eventSourceOptions, bare.eventSourceOptions)
})

test('retry retries what undici would, and the caller gets it explained', async (t) => {
  const port = await freePort()
  let tries = 0
  const counting = (dispatch: Dispatcher.Dispatch): Dispatcher.Dispatch => (options, handler) => { tries++; return dispatch(options, handler) }
  const composed = agent.compose(counting, interceptors.retry({ maxRetries: 2, minTimeout: 1, maxTimeout: 1 }))
  const error = await rejection(composed.request({ origin: `https://127.0.0.1:${port}`, path: '/', method: 'GET' }))
  t.equal(tries, 3)
  t.match(error, { code: 'MTLS_ERR_OUTBOUND_UNREACHABLE', reason: 'network', retryable: true, cause: { code: 'ECONNREFUSED' } })
})

test('retry does not repeat what cannot get better', async (t) => {
  let tries = 0
  const counting = (dispatch: Dispatcher.Dispatch): Dispatcher.Dispatch => (options, handler) => { tries++; return dispatch(options, handler) }
  const strict = new MtlsAgent({ credentials, allowedServers: [{ cn: 'nobody' }] })
  t.teardown(async () => { await strict.close() })
  t.match(await rejection(strict.compose(counting, interceptors.retry({ minTimeout: 1 })).request({ origin, path: '/', method: 'GET' })), { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER' })
  t.equal(tries, 1)
})

test('composed again, the inner interceptors still see undici\'s codes', async (t) => {
  const seen: unknown[] = []
  const listening = (dispatch: Dispatcher.Dispatch): Dispatcher.Dispatch => (options, handler) => dispatch(options, {
    ...handler,
    onRequestStart: (...args) => { handler.onRequestStart?.(...args) },
    onResponseError: (controller, error) => { seen.push((error as NodeJS.ErrnoException).code); handler.onResponseError?.(controller, error) }
  })
  const port = await freePort()
  const composed = agent.compose(listening).compose([listening])
  const error = await rejection(composed.request({ origin: `https://127.0.0.1:${port}`, path: '/', method: 'GET' }))
  t.same(seen, ['ECONNREFUSED', 'ECONNREFUSED'])
  t.equal(error.code, 'MTLS_ERR_OUTBOUND_UNREACHABLE')
})

test('a RetryAgent around the agent retries with our codes', async (t) => {
  const port = await freePort()
  const direct = new MtlsAgent({ credentials })
  let tries = 0
  const dispatch = direct.dispatch.bind(direct)
  direct.dispatch = (options, handler) => { tries++; return dispatch(options, handler) }
  const retrying = new RetryAgent(direct, { maxRetries: 1, minTimeout: 1, errorCodes: [...retryErrorCodes] })
  t.match(await rejection(retrying.request({ origin: `https://127.0.0.1:${port}`, path: '/', method: 'GET' })), { code: 'MTLS_ERR_OUTBOUND_UNREACHABLE' })
  t.equal(tries, 2)
  await retrying.close()
})

test('the composed agent\'s own methods and fetch work, fetch through the interceptors', async (t) => {
  const own = new MtlsAgent({ credentials })
  let calls = 0
  const composed = own.compose((dispatch: Dispatcher.Dispatch): Dispatcher.Dispatch => (options, handler) => { calls++; return dispatch(options, handler) })
  const response = await composed.fetch(`${origin}/composed`)
  t.equal(await response.text(), '/composed')
  t.equal(getServerIdentity(response)?.spiffeId, LEDGER)
  await (await composed.request({ origin, path: '/', method: 'GET' })).body.dump()
  t.equal(calls, 2)
  t.equal(composed.closed, false)
  t.equal(composed.describeServers(origin), own.describeServers(origin))
  t.ok(Object.keys(composed.stats).includes(origin))
  await composed.close()
  t.equal(own.closed, true)
  await composed.destroy()
  t.equal(composed.destroyed, true)
})

test('the dns interceptor: the name is checked though the connection goes to an address', async (t) => {
  const lookup = (_: unknown, __: unknown, callback: (error: null, addresses: object[]) => void): void => { callback(null, [{ address: '127.0.0.1', family: 4, ttl: 1000 }]) }
  const named = `https://ledger.internal:${ledger.port}`
  const own = new MtlsAgent({ credentials, origins: { [named]: { allowedServers: [{ spiffe: LEDGER }] } } })
  const wrong = new MtlsAgent({ credentials })
  t.teardown(async () => { await own.close(); await wrong.close() })
  const { body, headers } = await own.compose(interceptors.dns({ lookup } as any)).request({ origin: named, path: '/dns', method: 'GET' })
  t.equal(await body.text(), '/dns')
  t.equal(headers['x-host'], `ledger.internal:${ledger.port}`)
  t.match(await rejection(wrong.compose(interceptors.dns({ lookup } as any)).request({ origin: named, path: '/', method: 'GET' })), { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', expected: 'a certificate for ledger.internal' })
  t.match(await rejection(own.request({ origin, path: '/', method: 'GET' })), { code: 'MTLS_ERR_OUTBOUND_ORIGIN' }, 'the bare address is none of its origins')
})

test('the dns interceptor: the other address family is tried and the name still counts', async (t) => {
  const lookup = (_: unknown, __: unknown, callback: (error: null, addresses: object[]) => void): void => {
    callback(null, [{ address: '::1', family: 6, ttl: 1000 }, { address: '127.0.0.1', family: 4, ttl: 1000 }])
  }
  const named = `https://localhost.:${ledger.port}`
  const own = new MtlsAgent({ credentials, origins: { [named]: { allowedServers: [{ spiffe: LEDGER }] } } })
  t.teardown(async () => { await own.close() })
  const composed = own.compose(interceptors.dns({ lookup, affinity: 6 } as any))
  const { body } = await composed.request({ origin: named, path: '/family', method: 'GET' })
  t.equal(await body.text(), '/family')
})

test('the redirect interceptor: another origin is checked anew and refused before a socket is opened', async (t) => {
  const elsewhere = await startServer({ identity: await ca.issue({ cn: 'elsewhere', ip: '127.0.0.1' }) })
  const closed = new MtlsAgent({ credentials, origins: { [origin]: { allowedServers: [{ spiffe: LEDGER }] } } })
  t.teardown(async () => { await closed.close(); await elsewhere.close() })
  const path = `/redirect?to=${encodeURIComponent(`${elsewhere.origin}/stolen`)}`
  const redirecting = closed.compose(interceptors.redirect({ maxRedirections: 2 }))
  t.match(await rejection(redirecting.request({ origin, path, method: 'GET' })), { code: 'MTLS_ERR_OUTBOUND_ORIGIN' })
  t.match(await rejection(closed.fetch(`${origin}${path}`)), { cause: { code: 'MTLS_ERR_OUTBOUND_ORIGIN' } })
  t.match(await rejection(fetch(`${origin}${path}`, { dispatcher: closed } as any)), { cause: { code: 'MTLS_ERR_OUTBOUND_ORIGIN' } })
  t.equal(elsewhere.accepted(), 0)
  t.match(await rejection(agent.compose(interceptors.redirect({ maxRedirections: 2 })).request({ origin, path, method: 'GET' })), { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER' }, 'the default rules hold there too')
  t.same(elsewhere.seen, [])
  const followed = await redirecting.request({ origin, path: '/redirect?to=/home', method: 'GET' })
  t.equal(await followed.body.text(), '/home')
  t.equal(getServerIdentity(followed)?.spiffeId, LEDGER)
})

test('the cache interceptor: what comes from the cache was served by nobody', async (t) => {
  const caching = agent.compose(interceptors.cache({ store: new cacheStores.MemoryCacheStore() }))
  const first = await caching.request({ origin, path: '/cached', method: 'GET' })
  await first.body.text()
  const second = await caching.request({ origin, path: '/cached', method: 'GET' })
  t.equal(await second.body.text(), '/cached')
  t.equal(ledger.seen.filter((url) => url === '/cached').length, 1)
  t.equal(getServerIdentity(first)?.spiffeId, LEDGER)
  t.equal(getServerIdentity(second), undefined)
})

test('a MockAgent around the agent answers in its place', async (t) => {
  const own = new MtlsAgent({ credentials })
  const mock = new MockAgent({ agent: own as any })
  mock.disableNetConnect()
  mock.get('https://ledger.internal').intercept({ path: '/mocked' }).reply(200, 'mocked')
  mock.get('https://ledger.internal').intercept({ path: '/mocked', method: 'POST' }).reply(200, 'posted')
  t.equal(await (await request('https://ledger.internal/mocked', { dispatcher: mock })).body.text(), 'mocked')
  t.equal(await (await undiciFetch('https://ledger.internal/mocked', { dispatcher: mock, method: 'POST', body: 'x' })).text(), 'posted')
  mock.assertNoPendingInterceptors()
  await mock.close()
  t.equal(own.closed, true)
})

test('as the global dispatcher it serves the built-in fetch and undici\'s own', async (t) => {
  const before = getGlobalDispatcher()
  t.teardown(() => { setGlobalDispatcher(before) })
  setGlobalDispatcher(agent)
  t.equal(await (await fetch(`${origin}/built-in`)).text(), '/built-in')
  t.equal(await (await undiciFetch(`${origin}/own`)).text(), '/own')
})

test('the built-in fetch by the agent: bodies, streams, abort', async (t) => {
  const by = (init: object): any => ({ dispatcher: agent, method: 'POST', ...init })
  t.equal(await (await fetch(origin, by({ body: 'text' }))).text(), 'text')
  const form = new FormData()
  form.set('field', 'value')
  t.match(await (await fetch(origin, by({ body: form }))).text(), /name="field"\r\n\r\nvalue/)
  const body = new ReadableStream({ start: (controller) => { controller.enqueue(Buffer.from('streamed')); controller.close() } })
  t.equal(await (await fetch(origin, by({ body, duplex: 'half' }))).text(), 'streamed')
  t.equal((await fetch(`${origin}/x`, by({ method: 'HEAD' }))).headers.get('cache-control'), 'max-age=60')
  t.match(await rejection(fetch(origin, by({ body: 'x', signal: AbortSignal.abort() }))), { name: 'AbortError' })
  const big = 'x'.repeat(3_000_000)
  t.equal((await (await fetch(origin, by({ body: big }))).text()).length, big.length)
})

test('HTTP/2 where both speak it; the built-in fetch of older undici stays on HTTP/1.1', async (t) => {
  const both = await startHttp2Server({ identity: server })
  const h2 = new MtlsAgent({ credentials, allowH2: true })
  t.teardown(async () => { await h2.close(); await both.close() })
  const answers = await Promise.all(Array.from({ length: 20 }, async () => await h2.request({ origin: both.origin, path: '/h2', method: 'GET' })))
  for (const { body } of answers) t.equal(await body.text(), '/h2')
  t.equal(getServerIdentity(answers[0] as object)?.spiffeId, LEDGER)
  // undici 7 opens a connection for each request that comes before the first connection is there.
  t.equal(both.accepted(), 'Dispatcher1Wrapper' in undici ? 1 : 20)
  t.equal(new Set(both.seen).size, 1)
  t.match(both.seen[0], /^2\.0/)
  t.equal(await (await h2.fetch(`${both.origin}/own`)).text(), '/own')
  t.match(both.seen.at(-1), /^2\.0/)
  const builtIn = await fetch(`${both.origin}/built-in`, { dispatcher: h2 } as any)
  t.equal(await builtIn.text(), '/built-in')
})

test('a handler that no undici writes is refused with what is expected', async (t) => {
  t.throws(() => agent.dispatch({ origin, path: '/', method: 'GET' }, {}), /no onRequestStart \(undici 7 and 8\) and no onConnect/)
  t.throws(() => agent.dispatch({ origin, path: '/', method: 'GET' }, null as any), /no onRequestStart/)
})

test('callers and interceptors of another undici major', async (t) => {
  const dispatcher: any = agent
  const called = await undici7.request(`${origin}/seven`, { dispatcher })
  t.equal(await called.body.text(), '/seven')
  t.equal(getServerIdentity(called)?.spiffeId, LEDGER)
  t.equal(await (await undici7.fetch(`${origin}/seven`, { dispatcher, method: 'POST', body: 'posted' })).text(), 'posted')
  const composed = agent.compose(undici7.interceptors.retry({ maxRetries: 1, minTimeout: 1 }) as any, undici7.interceptors.redirect({ maxRedirections: 1 }) as any)
  t.equal(await (await composed.request({ origin, path: '/redirect?to=/seven', method: 'GET' })).body.text(), '/seven')
  const port = await freePort()
  t.match(await rejection(composed.request({ origin: `https://127.0.0.1:${port}`, path: '/', method: 'GET' })), { code: 'MTLS_ERR_OUTBOUND_UNREACHABLE', cause: { code: 'ECONNREFUSED' } })
  const wrong = await rejection(undici7.request(`https://localhost.evil.example:${ledger.port}/`, { dispatcher: new MtlsAgent({ credentials, origins: { [origin]: {} } }) as any }))
  t.match(wrong, { code: 'MTLS_ERR_OUTBOUND_ORIGIN' })
})

test('events and backpressure are passed on', async (t) => {
  const own = new MtlsAgent({ credentials, connections: 1 })
  const connected = once(own, 'connect')
  const drained = once(own, 'drain')
  const handler = (): any => ({ onRequestStart () {}, onResponseStart () {}, onResponseData () {}, onResponseEnd () {}, onResponseError () {} })
  const results = Array.from({ length: 3 }, () => own.dispatch({ origin, path: '/', method: 'GET' }, handler()))
  t.equal(results.at(-1), false)
  t.equal(String((await connected)[0]), `${origin}/`)
  await drained
  await own.close()
})

test('nothing is left open', async (t) => {
  await agent.close()
  await ledger.close()
  t.equal(ledger.sockets.size, 0)
})
