import { test } from 'tap'
import { generateKeyPairSync } from 'node:crypto'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssueOptions } from '@peerkit/dev-ca'
import type { RevocationChecker } from '@peerkit/revocation'
import { call } from './support/call.ts'
import { plainText } from './support/plain-text.ts'
import { createWorld, form } from './support/world.ts'
import type { World } from './support/world.ts'

const URL = '/console/what-if'
const pem = async (ca: DevCa, options: IssueOptions): Promise<string> => (await ca.issue({ profile: 'client', ...options })).cert

async function judge ({ ask }: World, certificate: string, fields: Record<string, string> = {}): Promise<any> {
  return (await ask({ method: 'POST', url: URL, payload: { certificate, ...fields } })).json()
}

const outcomes = (answer: any): object => Object.fromEntries(answer.routes.map(({ route, outcome }: any) => [route, outcome]))

test('says for every route what it would say to a certificate, and why', async (t) => {
  const world = await createWorld(t)
  const answer = await judge(world, await pem(world.ca, { cn: 'b', ou: 'billing' }))
  t.strictSame(outcomes(answer), {
    'GET, HEAD /accounts': 'allowed', 'DELETE /accounts/:id': 'denied', 'GET, HEAD /forgotten': 'denied', 'GET, HEAD /open': 'allowed', 'GET, HEAD /tried': 'reported', 'GET, HEAD /asked': 'needs-request'
  })
  t.match(answer, { v: 1, handshake: { accepted: true }, certificate: { subject: 'CN=b,OU=billing' } })
  t.match(JSON.stringify(answer.routes), /ou: expected \\"operators\\", found \\"billing\\"/)
  t.strictSame(outcomes(await judge(world, await pem(world.ca, { cn: 'o', ou: 'operators' }), { q: 'delete /ACC' })), { 'DELETE /accounts/:id': 'allowed' })
  t.equal((await judge(world, await pem(world.ca, { cn: 'o', ou: 'operators' }), { q: '/console' })).routes.length, 26)
})

test('answers a form with a page that does not show again what was pasted', async (t) => {
  const { ask, ca } = await createWorld(t)
  const { payload, headers } = form({ certificate: await pem(ca, { cn: 'b', ou: 'billing' }), q: 'DELETE' })
  const { body, statusCode, headers: answered } = await ask({ method: 'POST', url: URL, payload: payload as string, headers: { ...headers, accept: 'text/html', 'sec-fetch-site': 'same-origin' } })
  t.equal(statusCode, 200)
  t.match(answered['content-type'], 'text/html')
  t.match(plainText(body), 'CN=b, OU=billing')
  t.match(body, 'The handshake would accept it.')
  t.match(body, 'name="q" type="search" value="DELETE"')
  t.notMatch(body, /BEGIN CERTIFICATE-----[^"]/)
})

test('counts nothing, publishes nothing and remembers nothing of the certificate', async (t) => {
  const world = await createWorld(t)
  const before = await world.data()
  await judge(world, await pem(world.ca, { cn: 'forgotten', ou: 'billing' }))
  const after = await world.data()
  t.strictSame(after.clients, before.clients)
  t.strictSame(after.events, before.events)
  t.strictSame(after.routes.map(({ counts }: any) => counts), before.routes.map(({ counts }: any) => counts))
})

/** What the checks of a forecast came to: `holds`, `fails`, or `open` where the refusal came before. */
const checksOf = ({ checks }: any): object => Object.fromEntries(checks.map(({ name, holds }: any) => [name, holds === true ? 'holds' : holds === false ? 'fails' : 'open']))
const ALL = ['Time', 'Issuer', 'Use', 'Names', 'Other rules', 'Revocation']
const fails = (name: string, others: string): object => Object.fromEntries(ALL.map((one) => [one, one === name ? 'fails' : others]))

const foretell = async (world: Parameters<typeof judge>[0], certificate: string): Promise<any> => (await judge(world, certificate)).handshake

test('foretells that a good certificate is let in, and why', async (t) => {
  const world = await createWorld(t, { crl: true })
  const fine = await foretell(world, await pem(world.ca, { cn: 'x' }))
  t.match(fine, { accepted: true })
  t.strictSame(checksOf(fine), fails('', 'holds'))
  t.match(fine.checks.map(({ note }: any) => note), [/^the whole path is valid now and until 20/, /^leads to CN=Test CA/, 'allowed for clients', 'any name is allowed', 'satisfies RFC 5280', /^not revoked/])
})

test('foretells which step refuses which certificate, and why', async (t) => {
  const world = await createWorld(t, { crl: true })
  const { ca } = world
  const past = { notBefore: new Date(Date.now() - 4000), notAfter: new Date(Date.now() - 2000) }
  const tomorrow = new Date(Date.now() + 86_400_000)
  const other = await createDevCa({ name: 'Other' })
  const deep = await (await ca.intermediate({ name: 'Between' })).issue({ profile: 'client', cn: 'deep' })
  const old = await ca.intermediate({ name: 'Old', ...past })
  const critical = { oid: '1.2.3.4', critical: true, value: Uint8Array.of(5, 0) }
  const refused: ReadonlyArray<readonly [title: string, certificate: string, check: string, reason: string, message: RegExp]> = [
    ['a certificate that has ended', await pem(ca, past), 'Time', 'expired', /was valid until/],
    ['a certificate that is not valid yet', await pem(ca, { notBefore: tomorrow }), 'Time', 'not_yet_valid', /is valid from/],
    ['a certificate of a CA that has ended', (await old.issue({ profile: 'client', cn: 'x' })).chain, 'Time', 'expired', /^CN=Old/],
    ['a certificate for servers', await pem(ca, { profile: 'server' }), 'Use', 'wrong_purpose', /clientAuth/],
    ['a certificate of a CA', ca.certificate, 'Use', 'ca_as_leaf', /is a CA/],
    ['a certificate of a stranger', await pem(other, {}), 'Issuer', 'unknown_ca', /CN=Other.*neither a trust anchor/],
    ['a certificate without its intermediate', deep.cert, 'Issuer', 'unknown_ca', /CN=Between/],
    ['a certificate of a stranger with the name of our CA', await pem(await createDevCa({ name: 'Test CA' }), {}), 'Issuer', 'unknown_ca', /was not signed by/],
    ['a certificate with an unknown critical extension', await pem(ca, { extensions: [critical] }), 'Other rules', 'bad_chain', /1\.2\.3\.4/]
  ]
  for (const [title, certificate, check, reason, message] of refused) {
    await t.test(title, async (t) => {
      const forecast = await foretell(world, certificate)
      t.match(forecast, { accepted: false, reason, detail: { message, step: String, certificate: { fingerprint256: /^[0-9a-f]{64}$/ } } })
      t.strictSame(checksOf(forecast), fails(check, 'open'))
      t.match(forecast.hint, message)
    })
  }
})

test('foretells what revocation lists say, after everything else', async (t) => {
  const world = await createWorld(t, { crl: true })
  const { ca, credentials } = world
  const deep = await (await ca.intermediate({ name: 'Between' })).issue({ profile: 'client', cn: 'deep' })
  const unlisted = await foretell(world, deep.chain)
  t.match(unlisted, { accepted: false, reason: 'revocation_unknown', detail: { why: 'no_crl', certificate: { serialNumber: deep.serialNumber } } })
  t.strictSame(checksOf(unlisted), fails('Revocation', 'holds'), 'the other checks hold')
  const revoked = await ca.issue({ profile: 'client', cn: 'revoked' })
  ca.revoke(revoked, { reason: 'keyCompromise' })
  credentials.update({ crl: (await ca.crl()).pem })
  t.match(await foretell(world, revoked.cert), { accepted: false, reason: 'revoked', detail: { message: /keyCompromise/, certificate: { serialNumber: revoked.serialNumber } } })
})

test('the page names the certificate at fault and what to do', async (t) => {
  const { ask, ca } = await createWorld(t, { crl: true })
  const deep = await (await ca.intermediate({ name: 'Between' })).issue({ profile: 'client', cn: 'deep' })
  const { payload, headers } = form({ certificate: deep.chain })
  const { body } = await ask({ method: 'POST', url: URL, payload: payload as string, headers: { ...headers, accept: 'text/html', 'sec-fetch-site': 'same-origin' } })
  t.match(body, 'The handshake would refuse it, whatever the routes say.')
  t.match(body, `<dt>Its serial number</dt><dd><code class="hex">${deep.serialNumber}</code>`)
  for (const text of ['<dt>Step</dt><dd>revocation_unknown (no_crl)</dd>', '<dt>What to do</dt>']) t.match(body, text)
  t.match(plainText(body), 'Refused certificate CN=deep ')
})

test('asks the checker of the server too, so that its answer is the handshake\'s', async (t) => {
  const asked: string[] = []
  const revocation: RevocationChecker = {
    epoch: 0,
    async check ({ serialNumber = '' }) {
      asked.push(serialNumber)
      return serialNumber === lost.serialNumber ? { state: 'unknown', why: 'ocsp_unavailable' } : { state: 'good', source: 'ocsp', until: Date.now() + 60_000 }
    },
    permits: ({ state }) => state === 'good',
    subscribe: () => () => {},
    close: async () => {}
  }
  const world = await createWorld(t, { crl: true, revocation })
  const { ca, app } = world
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  const options = { profile: 'client', ou: 'billing' } as const
  const [fine, lost] = [await ca.issue(options), await ca.issue(options)]
  t.equal(await call(origin, ca.root, fine, '/accounts'), 200)
  t.match((await judge(world, fine.cert)).handshake, { accepted: true })
  t.type(await call(origin, ca.root, lost, '/accounts'), 'string', 'the handshake is refused')
  t.match((await judge(world, lost.cert)).handshake, { accepted: false, reason: 'revocation_unknown', detail: { why: 'ocsp_unavailable' } })
  t.equal(asked.filter((serial) => serial === lost.serialNumber).length, 2)
})

test('a private key is refused, whatever its form and wherever it stands, and neither shown nor logged', async (t) => {
  const { ask, ca, lines } = await createWorld(t)
  const { cert, key } = await ca.issue({ cn: 'x' })
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const secret = key.split('\n')[1] as string
  const keys = [key, `${cert}${key}`, `${key}${cert}`, privateKey.export({ type: 'pkcs1', format: 'pem' }) as string, key.replaceAll('PRIVATE KEY', 'OPENSSH PRIVATE KEY'), key.toLowerCase(), `PuTTY-User-Key-File-3: ssh-rsa\n${secret}`]
  for (const certificate of keys) {
    const { payload, headers } = form({ certificate })
    for (const request of [
      { payload: payload as string, headers: { ...headers, accept: 'text/html' } },
      { payload: { certificate } },
      { payload: { note: 'x', other: certificate, certificate: cert } },
      { payload: certificate, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      { payload: certificate, headers: { 'content-type': 'application/json' } },
      { payload: JSON.stringify({ certificate }).replaceAll('PRIVATE', '\\u0050RIVATE'), headers: { 'content-type': 'application/json' } }
    ]) {
      const { statusCode, body } = await ask({ method: 'POST', url: URL, ...request })
      t.equal(statusCode, 400)
      t.match(body, 'has a private key')
      for (const text of [body, ...lines]) if (text.includes(secret) || text.includes(secret.toLowerCase())) t.fail('the key is shown')
    }
  }
  t.notMatch(lines.join(''), /BEGIN|PRIVATE KEY-/)
})

test('what is no certificate is refused with its reason, in words that repeat nothing of it', async (t) => {
  const { ask, ca, lines } = await createWorld(t)
  const cert = await pem(ca, { cn: 'x' })
  const broken = Buffer.from('broken and secret').toString('base64')
  const cases: ReadonlyArray<readonly [object, number, string]> = [
    [{ payload: { certificate: 'secret text' } }, 400, 'no_certificate'],
    [{ payload: { certificate: '' } }, 400, 'no_certificate'],
    [{ payload: { certificate: '-----BEGIN CERTIFICATE-----\nsecret' } }, 400, 'unreadable'],
    [{ payload: { certificate: `-----BEGIN CERTIFICATE-----\n${broken}\n-----END CERTIFICATE-----` } }, 400, 'unreadable'],
    [{ payload: { certificate: `${cert}-----BEGIN CERTIFICATE-----\n${broken}\n-----END CERTIFICATE-----` } }, 400, 'unreadable'],
    [{ payload: { certificate: cert.repeat(11) } }, 400, 'too_many'],
    [{ payload: { certificate: 7 } }, 400, 'malformed'],
    [{ payload: 'null', headers: { 'content-type': 'application/json' } }, 400, 'malformed'],
    [{ payload: '{ "certificate": "secret', headers: { 'content-type': 'application/json' } }, 400, 'malformed'],
    [{ payload: 'certificate=secret&certificate=secret', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 400, 'malformed'],
    [{ payload: '<secret/>', headers: { 'content-type': 'application/xml' } }, 400, 'malformed'],
    [{ payload: 'secret', headers: { 'content-type': 'text/plain' } }, 400, 'malformed'],
    [{}, 400, 'malformed'],
    [{ payload: { certificate: 'secret'.repeat(12_000) } }, 413, 'too_large']
  ]
  for (const [request, status, reason] of cases) {
    const answer = await ask({ method: 'POST', url: URL, ...request })
    t.equal(answer.statusCode, status, reason)
    t.match(answer.json(), { code: 'MTLS_ERR_CONSOLE_WHAT_IF', reason })
    t.notMatch(answer.body, /secret/)
    t.equal(answer.headers['cache-control'], 'no-store')
  }
  t.notMatch(lines.join(''), /secret|BEGIN CERTIFICATE/)
  const page = await ask({ method: 'POST', url: URL, payload: { certificate: 'x' }, headers: { accept: 'text/html' } })
  t.match(page.body, /role="alert">The certificate cannot be checked: expected text that begins/)
})

test('a page of another site cannot ask in the operator\'s name', async (t) => {
  const { ask, ca } = await createWorld(t)
  const { payload, headers } = form({ certificate: await pem(ca, { cn: 'x' }) })
  const status = async (from: Record<string, string>): Promise<number> => (await ask({ method: 'POST', url: URL, payload: payload as string, headers: { ...headers, host: 'api.example:8443', ...from } })).statusCode
  t.equal(await status({ 'sec-fetch-site': 'same-origin', origin: 'https://api.example:8443' }), 200)
  t.equal(await status({ origin: 'https://api.example:8443' }), 200)
  t.equal(await status({}), 200, 'a script')
  for (const from of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { 'sec-fetch-site': 'none' }, { 'sec-fetch-site': 'cross-site', origin: 'https://api.example:8443' }, { origin: 'https://evil.example' }, { origin: 'null' }, { origin: 'http://api.example:8443' }, { origin: 'https://api.example' }]) {
    t.equal(await status(from as unknown as Record<string, string>), 403, JSON.stringify(from))
  }
})

test('other errors of its route are the app\'s', async (t) => {
  const { ask, ca } = await createWorld(t, { setup: (app) => { app.addHook('preHandler', async ({ url, method }) => { if (url === URL && method === 'POST') throw new Error('of the app') }) } })
  const { statusCode, body } = await ask({ method: 'POST', url: URL, payload: { certificate: await pem(ca, {}) } })
  t.equal(statusCode, 500)
  t.match(body, 'of the app')
})

test('a certificate is judged by the credentials in force', async (t) => {
  const world = await createWorld(t)
  const other = await createDevCa({ name: 'Next CA' })
  const certificate = await pem(other, { cn: 'x', ou: 'billing' })
  t.equal((await judge(world, certificate)).handshake.accepted, false)
  world.credentials.update({ ca: [world.ca.root, other.root] })
  t.equal((await judge(world, certificate)).handshake.accepted, true)
})

test('a certificate with a flaw is judged as a handshake does', async (t) => {
  const world = await createWorld(t)
  const value = Buffer.from('300581036a40fc', 'hex')
  const odd = await pem(world.ca, { cn: 'b', ou: 'billing', extensions: [{ oid: '2.5.29.17', value }] })
  t.match(await judge(world, odd), { reason: 'unreadable' })
  const { cert, key } = await world.ca.issue({ cn: 'api', dns: 'api' })
  const authorities = { internal: { ca: world.ca.root, tolerate: ['alt-names'] } } as const
  world.credentials.update({ cert, key, authorities })
  t.match(await judge(world, odd), { handshake: { accepted: true }, certificate: { tolerated: ['alt-names'] } })
  const { body } = await world.ask({ method: 'POST', url: URL, payload: { certificate: odd }, headers: { accept: 'text/html' } })
  t.match(body, /Tolerated flaws[^]*alt-names/)
})
