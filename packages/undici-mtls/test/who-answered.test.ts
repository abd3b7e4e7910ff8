import { test } from 'tap'
import { X509Certificate } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { TLSSocket } from 'node:tls'
import { createDevCa } from '@peerkit/dev-ca'
import { memoryCredentials } from '@peerkit/credentials'
import type { AllowedServers } from '../src/index.ts'
import { MtlsAgent } from '../src/index.ts'
import { LEDGER, createLedger } from '@peerkit/test-support/ledger'
import { startServer } from '@peerkit/test-support/listen'
import type { ServerSettings } from '@peerkit/test-support/listen'
import { rejection } from '@peerkit/test-support/rejection'

const { ca, server, client, credentials } = await createLedger()

interface Test { teardown (finish: () => Promise<void>): void }

/** Calls a server once and gives the error and what reached the server. */
async function callOnce (t: Test, settings: ServerSettings, options: Partial<ConstructorParameters<typeof MtlsAgent>[0]> = {}, hostname = '127.0.0.1'): Promise<{ readonly error: any, readonly seen: readonly string[] }> {
  const listening = await startServer(settings)
  const agent = new MtlsAgent({ credentials, ...options })
  t.teardown(async () => { await agent.destroy(); await listening.close() })
  const error = await agent.request({ origin: `https://${hostname}:${listening.port}`, path: '/', method: 'POST', body: 'secret' }).then(async ({ body }) => { await body.dump() }, (found) => found)
  return { error, seen: listening.seen }
}

function pemsOf (chain: string): string[] { return chain.match(/-----BEGIN[^]+?-----END CERTIFICATE-----/g) ?? [] }

function fingerprintOf (pem = ''): string {
  return new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase()
}

test('without rules the host name decides, by subject alternative names alone', async (t) => {
  t.equal((await callOnce(t, { identity: server })).error, undefined)
  t.equal((await callOnce(t, { identity: server }, {}, 'localhost')).error, undefined)
  const named = await ca.issue({ cn: '127.0.0.1' })
  const { error, seen } = await callOnce(t, { identity: named })
  t.match(error, { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', reason: 'host_name', retryable: false, expected: 'a certificate for 127.0.0.1', found: /127\.0\.0\.1/ })
  t.same(seen, [])
  t.match((await callOnce(t, { identity: await ca.issue({ cn: 'x', dns: 'localhost.evil.example' }) }, {}, 'localhost')).error, { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER' })
  t.match((await callOnce(t, { identity: await ca.issue({ cn: 'x', dns: '127.0.0.1', checkNames: false }) })).error, { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER' }, 'an address as DNS name is no address')
})

test('a SPIFFE ID stands for the host name; a wrong one gets no byte', async (t) => {
  const nameless = await ca.issue({ cn: 'pod', spiffe: LEDGER })
  t.equal((await callOnce(t, { identity: nameless }, { allowedServers: [{ spiffe: LEDGER }] })).error, undefined)
  const other = await ca.issue({ cn: 'pod', spiffe: `${LEDGER}2`, ip: '127.0.0.1' })
  const { error, seen } = await callOnce(t, { identity: other }, { allowedServers: [{ spiffe: LEDGER }] })
  t.match(error, { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', reason: 'rules', retryable: false })
  t.match(error.expected, LEDGER)
  t.match(error.found, `${LEDGER}2`)
  t.match(error.message, /^https:\/\/127\.0\.0\.1:\d+ presented another identity than expected$/, 'a caller of our API may see it')
  t.same(seen, [])
})

test('rules without a SPIFFE ID narrow the host name', async (t) => {
  const rules: AllowedServers = [{ cn: 'ledger' }]
  t.equal((await callOnce(t, { identity: server }, { allowedServers: rules })).error, undefined)
  t.match((await callOnce(t, { identity: await ca.issue({ cn: 'ledger', dns: 'elsewhere.example' }) }, { allowedServers: rules })).error, { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', reason: 'host_name' })
  t.match((await callOnce(t, { identity: await ca.issue({ cn: 'other', ip: '127.0.0.1' }) }, { allowedServers: rules })).error, { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', reason: 'rules' })
})

test('in a mixed rule set each rule decides for itself whether the name counts', async (t) => {
  const rules: AllowedServers = [{ cn: 'ledger' }, 'pods', 'web', (peer) => peer.subject?.commonName === 'predicate']
  const servers = { pods: [{ spiffe: LEDGER }], web: { ou: 'web' } }
  const call = async (identity: ServerSettings['identity']): Promise<any> => (await callOnce(t, { identity }, { allowedServers: rules, servers })).error
  t.equal(await call(await ca.issue({ cn: 'pod', spiffe: LEDGER })), undefined, 'by ID, no name')
  t.equal(await call(await ca.issue({ cn: 'ledger', ip: '127.0.0.1' })), undefined, 'by name')
  t.equal(await call(await ca.issue({ cn: 'x', ou: 'web', ip: '127.0.0.1' })), undefined, 'by group and name')
  t.equal(await call(await ca.issue({ cn: 'predicate', ip: '127.0.0.1' })), undefined, 'by predicate and name')
  for (const options of [{ cn: 'ledger' }, { cn: 'predicate' }, { cn: 'x', ou: 'web' }]) {
    const error = await call(await ca.issue(options))
    t.match(error, { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', reason: 'host_name' }, JSON.stringify(options))
    t.match(error.expected, /CN is "ledger", or .*predicate at allowedServers\[3\].*also a certificate for 127\.0\.0\.1$/)
  }
})

test('a group with one rule without a SPIFFE ID keeps the host name check, at whatever depth', async (t) => {
  const mixed: AllowedServers = [{ spiffe: LEDGER }, { ou: 'web' }]
  const turned: AllowedServers = [{ ou: 'web' }, { spiffe: LEDGER }]
  const [named, unnamed] = await Promise.all([
    ca.issue({ cn: 'x', ou: 'web', ip: '127.0.0.1' }), ca.issue({ cn: 'x', ou: 'web', dns: 'elsewhere.example' })
  ])
  for (const servers of [{ outer: mixed }, { outer: turned }, { outer: ['inner'], inner: mixed }, { outer: ['inner', { spiffe: LEDGER }], inner: turned }]) {
    const call = async (identity: ServerSettings['identity']) => await callOnce(t, { identity }, { allowedServers: 'outer', servers })
    t.equal((await call(named)).error, undefined)
    const { error, seen } = await call(unnamed)
    t.match(error, { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', reason: 'host_name' }, JSON.stringify(servers))
    t.strictSame(seen, [], 'no byte was sent')
  }
})

test('the Host header has no say in who is expected', async (t) => {
  const elsewhere = await startServer({ identity: await ca.issue({ cn: 'x', dns: 'elsewhere.example' }) })
  const agent = new MtlsAgent({ credentials })
  t.teardown(async () => { await agent.close(); await elsewhere.close() })
  for (const host of ['localhost', '127.0.0.1']) {
    const error = await rejection(agent.request({ origin: `https://${host}:${elsewhere.port}`, path: '/', method: 'GET', headers: { host: 'elsewhere.example' } }))
    t.match(error, { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', expected: `a certificate for ${host}` })
  }
  t.same(elsewhere.seen, [])
})

test('a server name that the caller sets is the name that counts', async (t) => {
  const elsewhere = await startServer({ identity: await ca.issue({ cn: 'x', dns: 'elsewhere.example' }) })
  const origin = `https://localhost:${elsewhere.port}`
  const agent = new MtlsAgent({ credentials, origins: { [origin]: { servername: 'elsewhere.example' } } })
  t.teardown(async () => { await agent.close(); await elsewhere.close() })
  const { body } = await agent.request({ origin, path: '/named', method: 'GET' })
  t.equal(await body.text(), '/named')
  t.match(await rejection(agent.request({ origin, path: '/', method: 'GET', servername: 'third.example' } as any)), { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', expected: 'a certificate for third.example' })
})

test('certificates that nearly fit are refused with what is wrong, and get no byte', async (t) => {
  const day = 86_400_000
  const stranger = await createDevCa({ name: 'Peerkit development CA' })
  const cases: Array<[string, ServerSettings['identity'], object]> = [
    ['expired', await ca.issue({ cn: 'ledger', ip: '127.0.0.1', notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() - day) }), { code: 'MTLS_ERR_OUTBOUND_SERVER_EXPIRED' }],
    ['not yet valid', await ca.issue({ cn: 'ledger', ip: '127.0.0.1', notBefore: new Date(Date.now() + day), notAfter: new Date(Date.now() + 2 * day) }), { code: 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED', reason: 'not_yet_valid' }],
    ['a CA of the same name', await stranger.issue({ cn: 'ledger', ip: '127.0.0.1' }), { code: 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED', reason: 'unknown_ca' }],
    ['for clients only', await ca.issue({ cn: 'ledger', ip: '127.0.0.1', profile: 'client' }), { code: 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED', reason: 'wrong_purpose' }]
  ]
  for (const [title, identity, expected] of cases) {
    const { error, seen } = await callOnce(t, { identity, ca: ca.root })
    t.match(error, { ...expected, retryable: false, origin: /^https:/, cause: Error }, title)
    t.notOk('statusCode' in (error as Error), 'a status is given by who answers a request')
    t.same(seen, [], title)
  }
})

test('a server without its intermediate is refused; with it its chain is known', async (t) => {
  const intermediate = await ca.intermediate()
  const issued = await intermediate.issue({ cn: 'ledger', ip: '127.0.0.1' })
  const identified: any[] = []
  const listener = (message: unknown): void => { identified.push(message) }
  subscribe('peerkit:outbound:identified', listener)
  t.teardown(() => { unsubscribe('peerkit:outbound:identified', listener) })
  t.equal((await callOnce(t, { identity: issued })).error, undefined)
  t.match(identified, [{ v: 1, time: Number, origin: /^https:/, resumed: false, generation: 1, server: { chain: { length: 2 } } }])
  t.match((await callOnce(t, { identity: issued, cert: issued.cert })).error, { code: 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED' })
})

test('a refusal is told on the diagnostics channel', async (t) => {
  const refused: any[] = []
  const listener = (message: unknown): void => { refused.push(message) }
  subscribe('peerkit:outbound:refused', listener)
  t.teardown(() => { unsubscribe('peerkit:outbound:refused', listener) })
  await callOnce(t, { identity: server }, { allowedServers: [{ cn: 'somebody' }] })
  t.match(refused, [{ v: 1, time: Number, code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', reason: 'rules', detail: undefined }])
  t.ok(Object.hasOwn(refused[0], 'detail'))
})

test('a refusal that a certificate is at fault of names it and the cause on the diagnostics channel', async (t) => {
  const refused: any[] = []
  const listener = (message: unknown): void => { refused.push(message) }
  subscribe('peerkit:outbound:refused', listener)
  t.teardown(() => { unsubscribe('peerkit:outbound:refused', listener) })
  const identity = await (await createDevCa({ name: 'stranger' })).issue({ cn: 'ledger', ip: '127.0.0.1' })
  const certificate = { subject: 'CN=ledger', serialNumber: String, fingerprint256: fingerprintOf(identity.cert) }
  const { error } = await callOnce(t, { identity, ca: ca.root })
  t.match(refused, [{ detail: { step: 'unknown_ca', message: /CN=ledger/, certificate } }], 'refused by OpenSSL')
  t.same(refused[0].detail, error.detail)
  const bad = await ca.issue({ cn: 'ledger', ip: '127.0.0.1' })
  ca.revoke(bad)
  const listed = memoryCredentials({ cert: client.chain, key: client.key, ca: ca.root, crl: (await ca.crl()).pem })
  await callOnce(t, { identity: bad }, { credentials: listed })
  t.match(refused[1], { detail: { step: 'revoked', certificate: { fingerprint256: fingerprintOf(bad.cert) } } }, 'refused by us')
})

test('where one above the server\'s certificate is at fault, the message names that one', async (t) => {
  const day = 86_400_000
  const [notBefore, notAfter] = [new Date(Date.now() - 2 * day), new Date(Date.now() - day)]
  const ended = await ca.intermediate({ name: 'ended intermediate', notBefore, notAfter })
  const below = await ended.issue({ cn: 'ledger', ip: '127.0.0.1' })
  const [, own] = pemsOf(below.chain)
  const expired = (await callOnce(t, { identity: below, ca: ca.root })).error
  const detail = { step: 'expired', certificate: { fingerprint256: fingerprintOf(own) } }
  t.match(expired, { code: 'MTLS_ERR_OUTBOUND_SERVER_EXPIRED', detail })
  t.match(expired.message, /: CN=ended intermediate,.* was valid until /)
  t.match(expired.message, ` (sha256:${fingerprintOf(own).slice(0, 16)}) `)
  t.equal(expired.message, `The certificate of ${expired.origin} is not accepted: ${expired.detail.message}`)
  const withdrawn = await ca.intermediate({ name: 'withdrawn intermediate' })
  const identity = await withdrawn.issue({ cn: 'ledger', ip: '127.0.0.1' })
  const [, above] = pemsOf(identity.chain)
  ca.revoke(new X509Certificate(withdrawn.certificate).serialNumber)
  const crl = (await ca.crl()).pem + (await withdrawn.crl()).pem
  const listed = memoryCredentials({ cert: client.chain, key: client.key, ca: ca.root, crl })
  const revoked = (await callOnce(t, { identity, ca: ca.root }, { credentials: listed })).error
  t.match(revoked, { code: 'MTLS_ERR_OUTBOUND_SERVER_REVOKED', reason: 'revoked' })
  t.match(revoked.message, /: CN=withdrawn intermediate,/)
  t.match(revoked.message, ` (sha256:${fingerprintOf(above).slice(0, 16)}) is revoked`)
})

test('nothing is sent under a certificate of ours that has ended', async (t) => {
  const at = credentials.current.notAfter + 1_000
  const { error, seen } = await callOnce(t, { identity: server }, { now: () => at })
  t.match(error, { code: 'MTLS_ERR_OUTBOUND_CREDENTIALS_EXPIRED', retryable: false })
  t.same(seen, [])
  const last = await callOnce(t, { identity: server }, { now: () => at - 1 })
  t.not(last.error?.code, 'MTLS_ERR_OUTBOUND_CREDENTIALS_EXPIRED', 'it is valid in the second of notAfter')
})

test('a revoked server is refused, by our CRLs or by a checker beside them', async (t) => {
  const bad = await ca.issue({ cn: 'ledger', ip: '127.0.0.1' })
  ca.revoke(bad)
  const crl = (await ca.crl()).pem
  const listed = memoryCredentials({ cert: client.chain, key: client.key, ca: ca.root, crl })
  const { error, seen } = await callOnce(t, { identity: bad }, { credentials: listed })
  t.match(error, { code: 'MTLS_ERR_OUTBOUND_SERVER_REVOKED', reason: 'revoked', retryable: false })
  t.same(seen, [])
  t.equal((await callOnce(t, { identity: server }, { credentials: listed })).error, undefined)
  const doubtful = { epoch: 1, check: async () => ({ state: 'unknown', why: 'no_list' }), permits: () => false, subscribe: () => () => {}, close: async () => {} } as any
  t.match((await callOnce(t, { identity: server }, { revocation: doubtful })).error, { code: 'MTLS_ERR_OUTBOUND_SERVER_REVOKED', reason: 'revocation_unknown', retryable: true })
})

test('a server that wants to shake hands anew on a judged connection loses it', async (t) => {
  const refused = Promise.withResolvers<unknown>()
  const renewing = await startServer({
    identity: server,
    maxVersion: 'TLSv1.2',
    handler: (request, response) => {
      const socket = request.socket as TLSSocket
      socket.once('error', () => {})
      socket.renegotiate({}, (error) => { refused.resolve(error); response.end('renegotiated') })
      socket.once('close', () => { refused.resolve(new Error('closed')) })
    }
  })
  const agent = new MtlsAgent({ credentials })
  t.teardown(async () => { await agent.destroy(); await renewing.close() })
  const outcome = await agent.request({ origin: renewing.origin, path: '/', method: 'GET' }).then(async ({ body }) => await body.text(), (error) => error)
  t.type(await refused.promise, Error)
  t.type(outcome, Error)
})

test('a server with an odd alternative name is let in by the authority that tolerates it, and told', async (t) => {
  const names = Buffer.concat([Buffer.from([0x87, 4, 127, 0, 0, 1, 0x81, 3]), Buffer.from('\xfc@x', 'latin1')])
  const value = Buffer.concat([Buffer.from([0x30, names.length]), names])
  const identity = await ca.issue({ cn: 'ledger', profile: 'server', extensions: [{ oid: '2.5.29.17', value }] })
  const identified: any[] = []
  const listener = (message: unknown): void => { identified.push(message) }
  subscribe('peerkit:outbound:identified', listener)
  t.teardown(() => { unsubscribe('peerkit:outbound:identified', listener) })
  t.match((await callOnce(t, { identity })).error, { code: 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED', reason: 'unreadable' })
  const own = memoryCredentials({ cert: client.chain, key: client.key, authorities: { internal: { ca: ca.root, tolerate: ['alt-names'] } } })
  t.teardown(async () => { await own.close() })
  t.equal((await callOnce(t, { identity }, { credentials: own })).error, undefined)
  t.match(identified, [{ tolerated: ['alt-names'], server: { tolerated: ['alt-names'] } }])
})
