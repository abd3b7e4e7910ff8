import { test } from 'tap'
import { RetryAgent, interceptors } from 'undici'
import { FormData as OtherFormData, Request as OtherRequest } from 'undici7'
import { MtlsAgent, retryErrorCodes } from '../src/index.ts'
import { createLedger } from '@peerkit/test-support/ledger'
import { startServer } from '@peerkit/test-support/listen'
import { rejection } from '@peerkit/test-support/rejection'

const { server, ca, credentials } = await createLedger()

test('a server that has answered with our certificate did not refuse it when a new connection ends', async (t) => {
  const listening = await startServer({
    identity: server,
    handler: (request, response) => {
      // Each request has a connection of its own.
      if (request.url === '/crash') request.socket.destroy()
      else response.setHeader('connection', 'close').end('ok')
    }
  })
  const agent = new MtlsAgent({ credentials })
  t.teardown(async () => { await agent.destroy(); await listening.close() })
  t.match(await rejection(agent.request(`${listening.origin}/crash`)), {
    code: 'MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED', reason: 'closed', retryable: true
  }, 'before its first answer nothing speaks against it')
  await (await agent.request(`${listening.origin}/`)).body.dump()
  t.match(await rejection(agent.request(`${listening.origin}/crash`)), { code: /^(UND_ERR_SOCKET|ECONNRESET)$/ })
  t.equal(listening.accepted(), 3)
})

test('a server that did not ask for our certificate, or began to answer, did not refuse it', async (t) => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const [uninterested, halfway] = [
      await startServer({ identity: server, maxVersion, requestCert: false, handler: (request) => { request.socket.destroy() } }),
      await startServer({ identity: server, maxVersion, handler: (request) => { request.socket.end('HTTP/1.1 200 OK\r\nX-') } })
    ]
    const agent = new MtlsAgent({ credentials })
    t.teardown(async () => { await agent.destroy(); await uninterested.close(); await halfway.close() })
    t.match(await rejection(agent.request(`${uninterested.origin}/`)), { code: /^(UND_ERR_SOCKET|ECONNRESET)$/ }, maxVersion)
    t.match(await rejection(agent.request(`${halfway.origin}/`)), { code: /^(UND_ERR_SOCKET|ECONNRESET)$/ }, maxVersion)
  }
})

test('a connection that ends before its first answer is retried by each way to retry', async (t) => {
  for (const make of [
    (agent: MtlsAgent) => new RetryAgent(agent, { errorCodes: [...retryErrorCodes], minTimeout: 1 }),
    (agent: MtlsAgent) => agent.compose(interceptors.retry({ minTimeout: 1 }))
  ]) {
    let calls = 0
    const listening = await startServer({
      identity: server,
      handler: (request, response) => { if (calls++ === 0) request.socket.destroy(); else response.end('ok') }
    })
    const agent = new MtlsAgent({ credentials })
    t.teardown(async () => { await agent.destroy(); await listening.close() })
    const { statusCode, body } = await make(agent).request({ origin: listening.origin, path: '/', method: 'GET' })
    t.same([statusCode, await body.text(), calls], [200, 'ok', 2])
  }
})

test('a server that asks for renegotiation is told as such', async (t) => {
  const listening = await startServer({
    identity: server,
    maxVersion: 'TLSv1.2',
    requestCert: false,
    handler: (request, response) => {
      (request.socket as any).renegotiate({ requestCert: true, rejectUnauthorized: true }, () => { response.end('ok') })
      request.socket.on('error', () => {})
    }
  })
  const agent = new MtlsAgent({ credentials })
  t.teardown(async () => { await agent.destroy(); await listening.close() })
  t.match(await rejection(agent.request(`${listening.origin}/`)), {
    code: 'MTLS_ERR_OUTBOUND_UNREACHABLE',
    reason: 'renegotiation',
    retryable: false,
    message: /asked for TLS renegotiation, which is refused/
  })
  const modern = await startServer({ identity: server, handler: (request) => { request.socket.destroy() } })
  t.match(await rejection(agent.request(`${modern.origin}/`)), { reason: 'closed' }, 'tickets of TLS 1.3 are no renegotiation')
  await modern.close()
})

test('the agent takes what undici and the built-in fetch take', async (t) => {
  const listening = await startServer({
    identity: server,
    handler: (request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
        response.setHeader('set-cookie', ['a=1', 'b=2'])
        response.end(JSON.stringify([request.method, request.url, request.headers['x-a'] ?? '', String(Buffer.concat(parts)), request.headers['content-type'] ?? '']))
      })
    }
  })
  const agent = new MtlsAgent({ credentials })
  t.teardown(async () => { await agent.destroy(); await listening.close() })
  const url = `${listening.origin}/x?y=1`
  const post = new Request(url, { method: 'POST', body: 'hello', headers: { 'x-a': '1', 'content-type': 'text/plain' } })
  const response = await agent.fetch(post)
  t.same([await response.json(), response.headers.getSetCookie()], [['POST', '/x?y=1', '1', 'hello', 'text/plain'], ['a=1', 'b=2']])
  await t.rejects(agent.fetch(post), { name: 'TypeError', message: /already used/ })
  t.same(await (await agent.fetch(new Request(url), { method: 'PUT', headers: new Headers({ 'x-a': '2' }), body: 'z' })).json(), ['PUT', '/x?y=1', '2', 'z', 'text/plain;charset=UTF-8'])
  const other = new OtherRequest(url, { method: 'POST', body: 'of another undici', headers: { 'x-a': '3' } })
  t.match(await (await agent.fetch(other as any)).json(), ['POST', '/x?y=1', '3', 'of another undici'])
  const otherForm = new OtherFormData()
  otherForm.append('name', 'of another undici')
  t.match((await (await agent.fetch(url, { method: 'POST', body: otherForm as any })).json() as string[])[3], /name="name"\r\n\r\nof another undici/)
  const form = new FormData()
  form.append('name', 'value')
  form.append('file', new File(['content'], 'a.txt'))
  const sent = await (await agent.fetch(url, { method: 'POST', body: form })).json() as string[]
  t.match(sent[3], /name="name"\r\n\r\nvalue\r\n[^]*filename="a\.txt"[^]*content/)
  const stop = new AbortController()
  stop.abort()
  await t.rejects(agent.fetch(new Request(url, { signal: stop.signal })), { name: 'AbortError' })
  for (const given of [url, new URL(url)]) {
    t.same(await (await agent.request(given)).body.json(), ['GET', '/x?y=1', '', '', ''])
    t.same((await (await agent.request(given, { body: 'b' })).body.json() as string[]).slice(0, 4), ['PUT', '/x?y=1', '', 'b'])
  }
  // The type says that it can stand in for the global one, so its responses have every member of the global ones.
  const standIn: typeof globalThis.fetch = agent.fetch
  const answer = await standIn(new Request(url), { headers: new Headers({ 'x-a': '4' }) })
  for (const key of Object.getOwnPropertyNames(Response.prototype)) t.ok(key in answer, key)
  for (const key of Object.getOwnPropertyNames(Headers.prototype)) t.ok(key in answer.headers, key)
  t.match(await answer.clone().json(), ['GET', '/x?y=1', '4'])
  t.match(await new Response(answer.body).json(), ['GET', '/x?y=1', '4'], 'the body is a stream of Node')
  const composed = agent.compose((dispatch) => dispatch)
  t.match(await (await composed.request(url, { method: 'DELETE', headers: { 'x-a': '3' } })).body.json(), ['DELETE', '/x?y=1', '3'])
  const { PassThrough } = await import('node:stream')
  const into = new PassThrough()
  await agent.stream(url, { method: 'GET' }, () => into)
  t.match(String(into.read()), /"GET","\/x\?y=1"/)
  t.throws(() => agent.request('/x'), { code: 'MTLS_ERR_OUTBOUND_OPTION', message: /url is "\/x"; expected an absolute URL/ })
  t.throws(() => agent.request(url, { path: '/z' } as any), { code: 'MTLS_ERR_OUTBOUND_OPTION', message: /path is given beside a URL/ })
})

test('the wrong server is told with the names that its certificate has', async (t) => {
  const names = Array.from({ length: 9 }, (_, i) => `n${i}.example`)
  const listening = await startServer({ identity: await ca.issue({ cn: 'other', dns: names, uri: 'urn:a:b' }) })
  const agent = new MtlsAgent({ credentials })
  t.teardown(async () => { await agent.destroy(); await listening.close() })
  const { found } = await rejection(agent.request(`${listening.origin}/`))
  t.match(found, /CN=other .*names: DNS n0\.example, n1\.example, n2\.example, n3\.example, n4\.example and 4 more; URI urn:a:b/)
})
