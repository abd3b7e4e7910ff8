// An ACME server that lies, or a program that sits where it should be.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'tap'
import type { Test } from 'tap'
import { rejection } from '@peerkit/test-support/rejection'
import { acmeIssuer } from '@peerkit/issuers/acme'
import type { AcmeIssuerOptions, Dns01Record } from '@peerkit/issuers/acme'
import { AcmeServer } from './support/acme-server.ts'
import type { Said } from './support/acme-server.ts'
import { ACCOUNT, dnsOf, makeKey, question } from './support/world.ts'

interface Lied { readonly server: AcmeServer, readonly records: Dns01Record[], refused (message: RegExp, more?: object): Promise<void> }

async function start (t: Test, more: Partial<AcmeIssuerOptions> = {}): Promise<Lied> {
  const server = await AcmeServer.start(t)
  const records: Dns01Record[] = []
  const dns = dnsOf(server)
  const dns01 = { ...dns, set (record: Dns01Record, signal: AbortSignal) { records.push(record); return dns.set(record, signal) } }
  const { issue } = acmeIssuer({ directory: server.directory, names: { dns: ['ledger.example'] }, account: ACCOUNT, challenges: { dns01 }, ...more })
  return {
    server,
    records,
    async refused (message, expected = { reason: 'answer' }) {
      t.match(await rejection(issue(question()) as Promise<unknown>), { code: 'MTLS_ERR_ISSUER', message, ...expected })
      t.equal(server.txt.size, 0)
    }
  }
}

test('URLs of another origin get no request, whichever answer names them', async (t) => {
  const asked: string[] = []
  const victim = createServer((request, response) => { asked.push(String(request.url)); response.end('{}') })
  await new Promise<void>((resolve) => { victim.listen(0, '127.0.0.1', resolve) })
  t.after(() => { victim.close() })
  const elsewhere = `http://127.0.0.1:${(victim.address() as AddressInfo).port}/latest/meta-data`
  const order = (server: AcmeServer, more: object): Said => ({
    status: 201, headers: { location: `${server.origin}/order/1` }, body: { status: 'pending', authorizations: [], finalize: `${server.origin}/finalize/1`, ...more }
  })
  const cases: ReadonlyArray<readonly [RegExp, (server: AcmeServer, step: string) => Said | undefined]> = [
    [/newNonce is ".*meta-data"; expected a URL of/, ({ origin }, step) => step === 'directory' ? { body: { newNonce: elsewhere, newAccount: origin, newOrder: origin } } : undefined],
    [/newAccount is missing/, ({ origin }, step) => step === 'directory' ? { body: { newNonce: origin, newOrder: origin } } : undefined],
    [/newOrder is/, ({ origin }, step) => step === 'directory' ? { body: { newNonce: origin, newAccount: origin, newOrder: elsewhere } } : undefined],
    [/renewalInfo is/, ({ origin }, step) => step === 'directory' ? { body: { newNonce: origin, newAccount: origin, newOrder: origin, renewalInfo: elsewhere } } : undefined],
    [/the URL of the account is/, (_, step) => step === 'newAccount' ? { status: 201, headers: { location: elsewhere }, body: {} } : undefined],
    [/the URL of the account is/, ({ origin }, step) => step === 'newAccount' ? { status: 201, headers: { location: origin.replace('http://', 'http://user:pass@') }, body: {} } : undefined],
    [/the URL of the order is/, (server, step) => step === 'newOrder' ? { ...order(server, {}) as object, headers: { location: elsewhere } } : undefined],
    [/the URL finalize is/, (server, step) => step === 'newOrder' ? order(server, { finalize: elsewhere }) : undefined],
    [/the URL of an authorization is/, (server, step) => step === 'newOrder' ? order(server, { authorizations: [elsewhere] }) : undefined],
    [/the URL of dns-01 is/, (_, step) => step === 'authorization' ? authorization({ url: elsewhere }) : undefined],
    [/the URL of the certificate is/, (server, step) => step === 'finalize' ? order(server, { status: 'valid', certificate: elsewhere }) : undefined]
  ]
  for (const [message, says] of cases) {
    const { server, refused } = await start(t)
    server.says = ({ step }) => says(server, step)
    await refused(message)
  }
  t.same(asked, [])
})

function authorization (challenge: object, more: object = {}): Said {
  const identifier = { type: 'dns', value: 'ledger.example' }
  return { body: { status: 'pending', identifier, challenges: [null, 7, { type: 'dns-01', token: 'x'.repeat(43), url: '', ...challenge }], ...more } }
}

test('a redirect is not followed', async (t) => {
  const { server, refused } = await start(t)
  server.says = ({ step }) => step === 'newOrder' ? { status: 307, headers: { location: `${server.origin}/account/1` } } : undefined
  await refused(/POST ".*new-order" answered 307/, { reason: 'answer', status: 307 })
  t.equal(server.of('account').length, 0)
  server.says = ({ step }) => step === 'directory' ? { status: 302, headers: { location: `${server.origin}/other` } } : undefined
  await refused(/GET ".*directory" answered 302/, { reason: 'answer' })
})

test('an authorization for another name sets no record', async (t) => {
  const others = [
    { type: 'dns', value: 'bank.example' }, { type: 'dns', value: 'LEDGER.example' }, { type: 'ip', value: 'ledger.example' }, { type: 'dns', value: 'x;rm -rf /' },
    undefined, null, {}, { type: 'dns', value: 7 }, { type: 'dns', value: { toString: 0, valueOf: 0 } }
  ]
  for (const identifier of others) {
    const { server, refused, records } = await start(t)
    server.says = ({ step }) => step === 'authorization' ? authorization({}, { identifier }) : undefined
    await refused(/an authorization is for .*; expected one of the names of the order/)
    t.same(records, [])
  }
  const { server, refused, records } = await start(t)
  server.says = ({ step }) => step === 'authorization' ? authorization({}, { wildcard: true }) : undefined
  await refused(/an authorization is for "\*\.ledger\.example"/)
  t.same(records, [])
})

test('the types of challenges may be anything', async (t) => {
  const { server, refused } = await start(t)
  server.says = ({ step }) => step === 'authorization' ? authorization({ type: { toString: 0, valueOf: 0 } }) : undefined
  await refused(/ledger\.example can be proved by an object; the option challenges has dns-01/, { reason: 'challenge' })
})

test('a token that is none reaches no hook', async (t) => {
  for (const token of ['../../etc/cron.d/x', 'short', `${'x'.repeat(20)}\n`, 'x'.repeat(257), 7, undefined, `${'x'.repeat(20)}/..`]) {
    const { server, refused, records } = await start(t)
    server.says = ({ step }) => step === 'authorization' ? authorization({ token }) : undefined
    await refused(/the token of dns-01 for ledger\.example is no base64url of 16 to 256 characters/)
    t.same(records, [])
  }
})

test('more authorizations than names', async (t) => {
  const { server, refused } = await start(t)
  server.says = ({ step }) => step === 'newOrder'
    ? { status: 201, headers: { location: `${server.origin}/order/1` }, body: { status: 'pending', finalize: server.origin, authorizations: Array.from({ length: 1000 }, () => server.origin) } }
    : undefined
  await refused(/the order has 1000 authorizations; expected at most 1, one for each name/)
})

test('states that there are not', async (t) => {
  const { server, refused } = await start(t)
  server.says = ({ step }) => step === 'authorization' ? authorization({}, { status: 'revoked' }) : undefined
  await refused(/the authorization of ledger\.example is "revoked"; expected "pending" or "valid"/)
  let looks = 0
  server.says = ({ step }) => step === 'authorization' && looks++ === 1 ? { body: { status: 'expired', challenges: 7 } } : undefined
  await refused(/ledger\.example: dns-01 failed: the authorization is "expired"/, { reason: 'challenge' })
})

test('answers that are not of the protocol', async (t) => {
  const { server, refused } = await start(t)
  const page = '<html>\n\n<b>Please log in</b></html>'
  for (const step of ['newAccount', 'authorization', 'order', 'finalize'] as const) {
    server.says = (asked) => asked.step === step ? { body: page, headers: { location: `${server.origin}/x` } } : undefined
    await refused(/answered 200 "<html>.*expected a JSON object/)
  }
  server.says = ({ step }) => step === 'newOrder' ? { body: '[]', headers: { location: `${server.origin}/x` } } : undefined
  await refused(/expected a JSON object/)
  server.says = ({ step }) => step === 'newOrder' ? { status: 418, body: page } : undefined
  await refused(/answered 418: <html> <b>Please log in/, { reason: 'refused' })
  server.says = ({ step }) => step === 'directory' ? { body: page } : undefined
  await refused(/expected a JSON object/)
  server.says = ({ step }) => step === 'directory' ? { body: {} } : undefined
  await refused(/the directory is an empty object; expected one with newNonce, newAccount and newOrder/)
  server.says = ({ step }) => step === 'directory' ? { body: { errors: [], data: 7 } } : undefined
  await refused(/the directory is an object with "errors" and "data".*Is the option directory the URL of the directory/)
  server.says = ({ step }) => step === 'directory' ? { status: 404, body: 'not here' } : undefined
  await refused(/answered 404: .*not here.*\. Is the option directory the URL of the directory\?$/, { reason: 'refused', status: 404 })
})

test('a certificate that is none, or comes with something else', async (t) => {
  const { server, refused } = await start(t)
  const key = makeKey().export({ type: 'pkcs8', format: 'pem' }) as string
  for (const [body, message] of [
    ['', /the certificate is an empty string; expected PEM of certificates only/],
    ['<html>', /the certificate is "<html>"/],
    [key, /the certificate is PEM of "PRIVATE KEY"/],
    [`-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n${key}`, /PEM of "CERTIFICATE" and "PRIVATE KEY"/]
  ] as const) {
    server.says = ({ step }) => step === 'certificate' ? { body } : undefined
    await refused(message)
  }
})

test('a certificate that lacks a name, or cannot be read', async (t) => {
  const { server, refused } = await start(t, { names: { dns: ['ledger.example', '*.shop.example'] } })
  const other = await AcmeServer.start(t)
  const { issue } = acmeIssuer({ directory: other.directory, names: { dns: ['LEDGER.example'] }, account: ACCOUNT, challenges: { dns01: dnsOf(other) } })
  const { cert } = await issue(question())
  server.says = ({ step }) => step === 'certificate' ? { body: cert } : undefined
  await refused(/the certificate lacks names\.dns "\*\.shop\.example"; expected all that were asked for/)
  for (const body of ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', '-----BEGIN CERTIFICATE-----\nhalf']) {
    server.says = ({ step }) => step === 'certificate' ? { body } : undefined
    await refused(/the certificate cannot be read: /)
  }
})

test('problems within problems', async (t) => {
  const { server, refused } = await start(t)
  const depth = 20_000
  server.says = ({ step }) => step === 'newOrder'
    ? { status: 400, body: `${'{"type":"a\\nb","subproblems":['.repeat(depth)}{"type":"z"}${']}'.repeat(depth)}` }
    : undefined
  await refused(/answered 400: a b; a b$/, { reason: 'refused' })
})

test('an answer without an end, and one without a nonce', async (t) => {
  const { server, refused } = await start(t)
  server.says = ({ step }) => step === 'newAccount' ? { body: 'x'.repeat(5_000_000) } : undefined
  await refused(/answered more than 4194304 octets/)
  server.says = ({ step }) => step === 'nonce' ? { headers: { 'replay-nonce': 'no nonce' } } : undefined
  await refused(/newNonce gave no nonce; expected Replay-Nonce in base64url/)
})

test('nothing that a server says breaks a line of the log', async (t) => {
  const { server, refused } = await start(t)
  const problem = { type: `urn:ietf:params:acme:error:${'x'.repeat(500)}`, detail: `a\r\nb\u0000c${'y'.repeat(10_000)}` }
  server.says = ({ step }) => step === 'newOrder' ? { status: 400, body: problem } : undefined
  await refused(/^[^\r\n\0]{1,800}$/, { reason: 'refused' })
})
