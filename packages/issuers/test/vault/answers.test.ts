import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'tap'
import { renewingCredentials } from '@peerkit/credentials'
import { rejection } from '@peerkit/test-support/rejection'
import { data, failure } from './fake-vault.ts'
import type { Reply } from './fake-vault.ts'
import { ask, issueFrom, NAMES, startWorld } from './world.ts'

const ISSUE = 'pki/issue/ledger'

test('what is sent, and what comes back', async (t) => {
  const { vault, issuer, ca } = await startWorld(t)
  const names = { cn: 'ledger.example', dns: ['ledger.example', 'b.example'], email: ['ops@example.org'], ip: ['10.0.0.1', '2001:db8::1'], uri: ['spiffe://a.example/b'] }
  vault.on(ISSUE, async () => await issueFrom(ca, { cn: names.cn, dns: names.dns, email: names.email, ip: names.ip, uri: names.uri }))
  const answer = await ask(issuer({ names: { ...names, ip: ['10.0.0.1', '2001:DB8:0:0::1'] }, ttl: 90_500, parameters: { exclude_cn_from_sans: true } }))
  t.same(vault.calls(ISSUE)[0]?.body, {
    exclude_cn_from_sans: true,
    format: 'pem',
    common_name: 'ledger.example',
    alt_names: 'ledger.example,b.example,ops@example.org',
    ip_sans: ['10.0.0.1', '2001:DB8:0:0::1'],
    uri_sans: ['spiffe://a.example/b'],
    ttl: '91s',
    private_key_format: 'pkcs8'
  })
  t.equal(vault.calls(ISSUE)[0]?.method, 'POST')
  t.match(answer.key, /BEGIN PRIVATE KEY/)
  t.same([answer.ca].flat().map((pem) => String(pem).trim()), [ca.root.trim()])
})

test('a certificate that lacks a name, or has another one, is refused', async (t) => {
  const names = { cn: 'ledger.example', dns: ['ledger.example', 'b.example'], uri: ['spiffe://a.example/b'], ip: ['10.0.0.1'], email: ['ops@example.org'] }
  const { vault, issuer, ca } = await startWorld(t)
  vault.on(ISSUE, async () => await issueFrom(ca, { cn: 'evil.example', dns: ['LEDGER.example'], uri: ['spiffe://a.example/c'] }))
  const { message } = await rejection(ask(issuer({ names })))
  t.match(message, /the certificate lacks names\.cn "ledger\.example", names\.dns "b\.example", names\.ip "10\.0\.0\.1", names\.uri "spiffe:\/\/a\.example\/b", names\.email "ops@example\.org"; expected all that were asked for/)
})

test('o and ou are those of the role: a certificate without what was asked for is refused', async (t) => {
  const names = { cn: 'ledger.example', o: 'Example', ou: 'billing' }
  const { vault, issuer, ca } = await startWorld(t)
  vault.on(ISSUE, async () => await issueFrom(ca, { cn: 'ledger.example', o: 'Other' }))
  const { message } = await rejection(ask(issuer({ names })))
  t.match(message, /the certificate lacks names\.o "Example", names\.ou "billing"; expected .* o and ou are those of the role/)
  vault.on(ISSUE, async () => await issueFrom(ca, { cn: 'ledger.example', o: 'Example', ou: 'billing' }))
  await t.resolves(ask(issuer({ names })))
})

test('answers that are not those of the API', async (t) => {
  const cases: ReadonlyArray<readonly [string, Reply | undefined, object]> = [
    ['HTML', { text: '<html>login</html>' }, { reason: 'answer', message: /answered "<html>login<\/html>"; expected a JSON object/ }],
    ['a list', { json: [1] }, { reason: 'answer' }],
    ['no data', { json: {} }, { reason: 'answer', message: /answered without a certificate/ }],
    ['204', { status: 204 }, { reason: 'answer', message: /answered without a certificate/ }],
    ['no PEM', data({ certificate: 'abc' }), { reason: 'answer', message: /with a certificate that cannot be read/ }],
    ['another chain', data({ certificate: 7, ca_chain: 'x' }), { reason: 'answer' }],
    ['more than it may', { text: 'x'.repeat(4 * 1024 * 1024 + 1) }, { reason: 'answer', message: /more than 4194304 octets/ }],
    ['nothing', undefined, { reason: 'unreachable' }],
    ['a redirect', { status: 307, headers: { location: 'https://active.example:8200/v1/pki' } }, { reason: 'answer', status: 307, message: /a redirect to https:\/\/active\.example:8200\. It is not followed, because the request has a token/ }],
    ['a redirect to nowhere', { status: 302, headers: { location: '::' } }, { reason: 'answer', message: /answered 302, a redirect\. It is not followed/ }],
    ['sealed', failure(503, 'Vault is sealed'), { reason: 'unavailable', message: /answered 503: Vault is sealed/ }],
    ['too early', failure(412, 'required index state not present'), { reason: 'unavailable' }],
    ['a quota', { ...failure(429, 'rate limit quota exceeded'), headers: { 'retry-after': '7' } }, { reason: 'rate_limited', retryAfter: 7000 }],
    ['no reason', { status: 400, json: { errors: [] } }, { reason: 'refused', message: /POST pki\/issue\/ledger answered 400: \{"errors":\[\]\}/ }],
    ['401', failure(401, 'x'), { reason: 'denied' }]
  ]
  const { vault, issuer } = await startWorld(t)
  for (const [name, reply, expected] of cases) {
    vault.on(ISSUE, () => reply)
    t.match(await rejection(ask(issuer())), { code: 'MTLS_ERR_ISSUER', ...expected }, name)
  }
})

test('a redirect takes the token nowhere', async (t) => {
  const seen: unknown[] = []
  const thief = createServer((request, response) => { seen.push(request.headers); response.end('{}') })
  await new Promise<void>((resolve) => { thief.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { thief.close() })
  const { vault, issuer } = await startWorld(t)
  vault.on(ISSUE, () => ({ status: 307, headers: { location: `http://127.0.0.1:${(thief.address() as AddressInfo).port}/` } }))
  await rejection(ask(issuer()))
  t.same(seen, [])
})

test('mode issue without a key in the answer', async (t) => {
  const { vault, issuer, ca } = await startWorld(t)
  vault.on(ISSUE, async () => await issueFrom(ca, { cn: NAMES.cn, dns: NAMES.dns }, { private_key: '' }))
  t.match(await rejection(ask(issuer())), { reason: 'answer', message: /without a private key/ })
})

test('an older Vault without a chain in the answer', async (t) => {
  const { vault, issuer, ca } = await startWorld(t)
  const between = await ca.intermediate({ name: 'Between' })
  vault.on(ISSUE, async () => await issueFrom(between, { cn: NAMES.cn, dns: NAMES.dns }, { ca_chain: null, issuing_ca: between.certificate }))
  const source = await renewingCredentials(issuer(), { chain: 'required' })
  t.teardown(async () => { await source.close() })
  t.equal(source.current.intermediates.length, 1)
})

test('what OpenBao warns of is told, but for what was expected', async (t) => {
  const { vault, issuer, ca, warnings } = await startWorld(t)
  const texts = [
    'the common_name field was provided but the role is set with "use_csr_common_name" set to true',
    'TTL "768h0m0s" is longer than permitted maxTTL "24h0m0s", so maxTTL is being used',
    'something else'
  ]
  vault.on(ISSUE, async () => { return { json: { ...(await issueFrom(ca)).json as object, warnings: texts } } })
  await ask(issuer())
  t.same(warnings, ['something else'])
  await ask(issuer({ ttl: 60_000 }))
  t.same(warnings.slice(1), texts.slice(1))
})

test('without onWarning, a process warning tells each text once', async (t) => {
  const { vault, issuer, ca } = await startWorld(t)
  vault.on(ISSUE, async () => { return { json: { ...(await issueFrom(ca)).json as object, warnings: ['odd'] } } })
  const told: Array<Error & { code?: string }> = []
  const listener = (warning: Error): void => { told.push(warning) }
  process.on('warning', listener)
  t.teardown(() => { process.off('warning', listener) })
  const one = issuer({ onWarning: undefined })
  await ask(one)
  await ask(one)
  await new Promise((resolve) => setImmediate(resolve))
  t.match(told, [{ code: 'MTLS_WARN_VAULT', message: /^OpenBao http:\/\/127\.0\.0\.1:\d+: odd$/ }])
  t.equal(told.length, 1)
})

test('a namespace and a path of the URL are in front of each call', async (t) => {
  const { vault, issuer, url } = await startWorld(t)
  vault.on('auth/approle/login', () => failure(404))
  for (const path of ['auth/approle/login', 'pki/issue/ledger', 'pki/issuers']) vault.on(`team/app/${path}`, () => failure(400, path))
  t.match(await rejection(ask(issuer({ namespace: 'team/app' }))), { message: /auth\/approle\/login/ })
  t.equal(vault.seen[0]?.path, 'team/app/auth/approle/login')
  vault.on('/bao/v1/auth/approle/login', () => failure(400, 'below a path'))
  t.match(await rejection(ask(issuer({ url: `${url}/bao` }))), { message: /below a path/ })
})
