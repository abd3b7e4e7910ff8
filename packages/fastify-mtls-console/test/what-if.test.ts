import { test } from 'tap'
import { generateKeyPairSync } from 'node:crypto'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssueOptions } from '@peerkit/dev-ca'
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
    'GET, HEAD /accounts': 'allowed', 'DELETE /accounts/:id': 'denied', 'GET, HEAD /forgotten': 'denied', 'GET, HEAD /open': 'allowed', 'GET, HEAD /tried': 'reported', 'GET, HEAD /asked': 'depends'
  })
  t.match(answer, { v: 1, handshake: { accepted: true }, certificate: { subject: 'CN=b,OU=billing' } })
  t.match(JSON.stringify(answer.routes), /ou: expected \\"operators\\", found \\"billing\\"/)
  t.strictSame(outcomes(await judge(world, await pem(world.ca, { cn: 'o', ou: 'operators' }), { q: 'delete /ACC' })), { 'DELETE /accounts/:id': 'allowed' })
  t.equal((await judge(world, await pem(world.ca, { cn: 'o', ou: 'operators' }), { q: '/console' })).routes.length, 13)
})

test('answers a form with a page that does not show again what was pasted', async (t) => {
  const { ask, ca } = await createWorld(t)
  const { payload, headers } = form({ certificate: await pem(ca, { cn: 'b', ou: 'billing' }), q: 'DELETE' })
  const { body, statusCode, headers: answered } = await ask({ method: 'POST', url: URL, payload: payload as string, headers: { ...headers, accept: 'text/html', 'sec-fetch-site': 'same-origin' } })
  t.equal(statusCode, 200)
  t.match(answered['content-type'], 'text/html')
  t.match(body, 'CN=b,OU=billing')
  t.match(body, 'The handshake would probably let it in.')
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

test('foretells the handshake: time, issuer, use, revocation', async (t) => {
  const world = await createWorld(t, { crl: true })
  const { ca, credentials } = world
  const notes = async (certificate: string): Promise<object> => {
    const { handshake: { accepted, checks } } = await judge(world, certificate)
    return { accepted, ...Object.fromEntries(checks.map(({ name, holds, note }: any) => [name, holds === true ? true : note])) }
  }
  const fine = { accepted: true, Time: true, Issuer: true, Use: true, Revocation: true }
  const past = { notBefore: new Date(Date.now() - 2000), notAfter: new Date(Date.now() - 1000) }
  t.strictSame(await notes(await pem(ca, { cn: 'x' })), fine)
  t.strictSame(await notes(await pem(ca, past)), { ...fine, accepted: false, Time: 'the certificate has ended' })
  t.strictSame(await notes(await pem(ca, { notBefore: new Date(Date.now() + 60_000) })), { ...fine, accepted: false, Time: 'the certificate is not valid yet' })
  t.strictSame(await notes(await pem(ca, { profile: 'server' })), { ...fine, accepted: false, Use: 'its extended key usage does not name clientAuth' })
  t.match(await notes(ca.certificate), { accepted: false, Use: 'it is a CA, which is taken for no client' })
  t.match(await notes(await pem(await createDevCa({ name: 'Other' }), {})), { accepted: false, Issuer: /leads to no CA in force/, Revocation: /^not known/ })

  const intermediate = await ca.intermediate({ name: 'Between' })
  const deep = await intermediate.issue({ profile: 'client', cn: 'deep' })
  t.match(await notes(deep.cert), { accepted: false, Issuer: /missing intermediate/ })
  t.match(await notes(deep.chain), { Issuer: true, Revocation: /not known \(no_crl\)/ })

  const revoked = await ca.issue({ profile: 'client', cn: 'revoked' })
  ca.revoke(revoked, { reason: 'keyCompromise' })
  credentials.update({ crl: (await ca.crl()).pem })
  t.strictSame(await notes(revoked.cert), { ...fine, accepted: false, Revocation: 'revoked (keyCompromise)' })
})

test('a CA that has ended is told of', async (t) => {
  const world = await createWorld(t)
  const old = await world.ca.intermediate({ name: 'Old', notBefore: new Date(Date.now() - 20_000), notAfter: new Date(Date.now() - 10_000) })
  const { chain } = await old.issue({ profile: 'client', cn: 'x', notBefore: new Date(Date.now() - 20_000) })
  t.match((await judge(world, chain)).handshake.checks[0], { holds: false, note: /its CA CN=Old.* has ended/ })
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
      t.match(body, 'holds a private key')
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
  t.match(page.body, /role="alert">The certificate cannot be judged: expected text that begins/)
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
