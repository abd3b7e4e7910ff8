import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { test } from 'tap'
import { IssuerError } from '../src/errors.ts'
import { IssuerClient } from '../src/http/issuer-client.ts'
import { readRetryAfter } from '../src/http/retry-after.ts'

const TOKEN = 'hvs.CAESIJsecret'
const signal = new AbortController().signal

interface Teardown { teardown (end: () => Promise<void>): unknown }

interface Served { readonly url: URL, readonly client: IssuerClient }

async function serve (t: Teardown, answer: RequestListener): Promise<Served> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/sign?token=${TOKEN}`)
  return { url, client: new IssuerClient({ name: 'the CA', dispatcher: undefined, trusted: 'a public CA', secrets: () => ['', TOKEN] }) }
}

test('an error names the issuer, the call and the answer, and says why', async (t) => {
  for (const [status, reason] of [
    [301, 'answer'], [400, 'refused'], [401, 'denied'], [403, 'denied'], [404, 'refused'], [429, 'rate_limited'],
    [500, 'unavailable'], [503, 'unavailable']
  ] as const) {
    const { client, url } = await serve(t, (_request, response) => { response.writeHead(status).end('no\n  way') })
    await t.rejects(client.call({ url, method: 'POST', signal }), {
      code: 'MTLS_ERR_ISSUER', reason, status, retryAfter: undefined, message: new RegExp(`the CA: POST "http.*answered ${status}: no way$`)
    })
  }
  const { client, url } = await serve(t, (_request, response) => { response.writeHead(502).end() })
  await t.rejects(client.call({ url, method: 'GET', signal }), { message: /answered 502$/ })
})

test('a redirect is not followed: the call may carry a token', async (t) => {
  const paths: unknown[] = []
  const { client, url } = await serve(t, ({ url: path }, response) => {
    paths.push(path)
    response.writeHead(307, { location: '/elsewhere' }).end()
  })
  await t.rejects(client.call({ url, method: 'POST', headers: { authorization: TOKEN }, signal }), { code: 'MTLS_ERR_ISSUER', status: 307 })
  t.equal(paths.length, 1)
})

test('no error shows a token, wherever it came from', async (t) => {
  const echo: RequestListener = ({ headers }, response) => { response.writeHead(400).end(`bad token ${headers.authorization ?? ''}`) }
  const { client, url } = await serve(t, echo)
  const refused = await client.call({ url, method: 'POST', headers: { authorization: TOKEN }, signal }).catch((error: unknown) => error)
  const { client: other, url: otherUrl } = await serve(t, ({ headers }, response) => { response.end(`[${headers.authorization ?? ''}]<`) })
  const garbled = await other.callJson({ url: otherUrl, method: 'POST', headers: { authorization: TOKEN }, signal }).catch((error: unknown) => error)
  for (const error of [refused, garbled]) {
    t.type(error, Error)
    for (const shown of [String(error), inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error)]) t.notMatch(shown, TOKEN)
  }
  t.match((refused as Error).message, /bad token …$/)
})

test('an error is one line, whatever an issuer sends', async (t) => {
  const { client, url } = await serve(t, (_request, response) => { response.writeHead(500).end('a\r\nb\u001b[2Jc\u202ed\u2028e\u0000f\u200bg') })
  await t.rejects(client.call({ url, method: 'POST', signal }), { message: /answered 500: a b \[2Jc d e f g$/ })
  t.equal(new IssuerError('answer', `x\ny${'z'.repeat(1 << 20)}`).message.length, 'No certificate: '.length + 4_000)
})

test('an answer that is too long is given up while it comes', async (t) => {
  const { client, url } = await serve(t, (_request, response) => {
    const piece = Buffer.alloc(1024 * 1024)
    const write = (): void => { while (!response.destroyed && response.write(piece)); }
    response.on('drain', write)
    write()
  })
  await t.rejects(client.call({ url, method: 'GET', signal }), { reason: 'answer', message: /more than 4194304 octets; expected at most/ })
})

test('reads JSON objects, and nothing else', async (t) => {
  let text = ''
  const { client, url } = await serve(t, (_request, response) => { response.end(text) })
  text = '{"a":1}'
  t.same(await client.callJson({ url, method: 'GET', signal }), { a: 1 })
  for (text of ['[]', 'null', '1', '<html>', '']) {
    await t.rejects(client.callJson({ url, method: 'GET', signal }), { reason: 'answer', message: /the CA: GET .* answered ".*"; expected a JSON object/ })
  }
})

test('an issuer that is not there is unreachable; one that we gave up is not', async (t) => {
  const { client, url } = await serve(t, ({ socket }) => { socket.destroy() })
  await t.rejects(client.call({ url, method: 'GET', signal }), { reason: 'unreachable', message: /the CA: GET .* failed: / })
  const controller = new AbortController()
  const { client: silent, url: silentUrl } = await serve(t, () => { controller.abort(new Error('closed')) })
  await t.rejects(silent.call({ url: silentUrl, method: 'GET', signal: controller.signal }), { message: 'closed' })
})

test('reads Retry-After in both forms, up to a day', async (t) => {
  const now = Date.UTC(2026, 0, 1)
  for (const [value, wait] of [
    ['120', 120_000], [' 0 ', 0], ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000], ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['999999999', 86_400_000], ['Fri, 01 Jan 2126 00:00:00 GMT', 86_400_000], ['soon', undefined], [undefined, undefined], [['1', '2'], undefined]
  ] as const) t.equal(readRetryAfter(value, now), wait, String(value))
  const { client, url } = await serve(t, (_request, response) => { response.writeHead(429, { 'retry-after': '7' }).end() })
  await t.rejects(client.call({ url, method: 'GET', signal }), { code: 'MTLS_ERR_ISSUER', retryAfter: 7_000 })
})

test('no error shows a part of a token, where a long answer is cut within it', async (t) => {
  for (let before = 280; before <= 300; before += 1) {
    const { client, url } = await serve(t, (_request, response) => { response.writeHead(400).end(`${'x'.repeat(before)}${TOKEN} and more`) })
    const error = await client.call({ url, method: 'POST', signal }).catch((error: unknown) => error) as Error
    t.match(error.message, /x{200}/)
    t.notMatch(error.message, /h?vs/, `${before}`)
    const { client: other, url: otherUrl } = await serve(t, (_request, response) => { response.end(`${'x'.repeat(before)}${TOKEN} and more`) })
    const garbled = await other.callJson({ url: otherUrl, method: 'POST', signal }).catch((error: unknown) => error) as Error
    t.notMatch(garbled.message, /h?vs/, `${before}`)
  }
})
