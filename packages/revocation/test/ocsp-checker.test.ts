import { createPartialIdentity, parsePeerIdentity } from '@peerkit/identity'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mock } from 'node:test'
import { test, type Test } from 'tap'
import { crlChecker, ocspChecker, verifyOcspResponse, type OcspChecker, type OcspCheckerOptions } from '../src/index.ts'
import { writeElement } from '../src/der-writer.ts'
import { describeCertId, writeOcspRequest } from '../src/ocsp-certid.ts'
import { craftCrl, extension, integer, pss, signings } from './support/craft.ts'
import { HOUR, makeClock } from './support/clock.ts'
import { makeCa, wrapCa, type TestCa } from './support/identities.ts'
import { craftOcspResponse, readRequest, startResponder, type OcspLie, type TestResponder } from './support/ocsp-responder.ts'

const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9'
const noCheck = { oid: '1.3.6.1.5.5.7.48.1.5', value: writeElement(0x05) }
const { ca, identity, leaf } = await makeCa()
const peer = (await leaf('peer')).identity
const another = (await leaf('another')).identity

async function setUp (t: Test, options: OcspCheckerOptions = {}, lie: OcspLie = {}, from: TestCa['ca'] = ca): Promise<{ responder: TestResponder, checker: OcspChecker }> {
  const responder = await startResponder(from, lie)
  const checker = ocspChecker({ urls: responder.url, ...options })
  t.teardown(async () => { await Promise.all([checker.close(), responder.close()]) })
  return { responder, checker }
}

/** What was told of failures while the function ran. */
async function failuresOf (run: () => Promise<unknown>): Promise<{ code?: string, reason?: string }[]> {
  const failures: { code?: string, reason?: string }[] = []
  const listen = (message: unknown): void => { failures.push(message as { code?: string, reason?: string }) }
  subscribe('peerkit:revocation:failed', listen)
  await run()
  unsubscribe('peerkit:revocation:failed', listen)
  return failures
}

test('says good until nextUpdate, and revoked with reason and date', async (t) => {
  const nextUpdate = new Date(Math.ceil(Date.now() / 10_000) * 10_000 + HOUR)
  const { responder, checker } = await setUp(t, {}, { nextUpdate })
  t.same(await checker.check(peer, identity), { state: 'good', source: 'ocsp', until: nextUpdate.getTime() })
  const revokedAt = new Date('2026-01-02T03:04:05Z')
  responder.lie = { state: 'revoked', reason: 1, revokedAt }
  t.same(await checker.check(another, identity), { state: 'revoked', source: 'ocsp', reason: 'keyCompromise', revokedAt: revokedAt.getTime() })
  t.equal(checker.cached, 2)
})

test('asks with SHA-1 or SHA-256, with a nonce or without, and finds itself in the answer either way', async (t) => {
  for (const hash of ['sha1', 'sha256'] as const) {
    for (const nonce of ['none', 'optional', 'required'] as const) {
      const { responder, checker } = await setUp(t, { hash, nonce })
      t.match(await checker.check(peer, identity), { state: 'good' })
      const request = readRequest(responder.requests[0]!)
      t.equal(request.nonce?.length, nonce === 'none' ? undefined : 32)
      t.equal(Buffer.from(request.certId).includes('2b0e03021a', 0, 'hex'), hash === 'sha1')
    }
  }
  const { responder: sha256 } = await setUp(t, { hash: 'sha256' })
  const { checker, responder } = await setUp(t)
  const other = ocspChecker({ urls: sha256.url, hash: 'sha256' })
  await other.check(peer, identity)
  responder.lie = { certIds: [readRequest(sha256.requests[0]!).certId] }
  t.match(await checker.check(peer, identity), { state: 'good' }, 'an answer hashed otherwise than asked')
  await other.close()
})

test('believes no responder that lies, stalls or answers for others', async (t) => {
  const stranger = await makeCa()
  const client = await leaf('client')
  const delegate = await leaf('responder', { extendedKeyUsage: [OCSP_SIGNING] })
  const anyUse = await leaf('any', { extendedKeyUsage: ['2.5.29.37.0'] })
  const old = await leaf('old', { extendedKeyUsage: [OCSP_SIGNING], notBefore: new Date(Date.now() - 2 * HOUR), notAfter: new Date(Date.now() - HOUR) })
  const foreign = await stranger.leaf('foreign', { extendedKeyUsage: [OCSP_SIGNING] })
  const middle = wrapCa(await ca.intermediate())
  const indirect = await middle.leaf('indirect', { extendedKeyUsage: [OCSP_SIGNING] })
  const wrongUsage = await leaf('usage', { extendedKeyUsage: [OCSP_SIGNING], extensions: [{ oid: '2.5.29.15', critical: true, value: Uint8Array.of(3, 2, 5, 0x20) }] })
  const odd = await leaf('odd', { extendedKeyUsage: [OCSP_SIGNING], extensions: [{ oid: '1.2.3.4', critical: true, value: writeElement(0x05) }] })
  const rsa = await makeCa({ key: 'rsa-2048' })
  const asked = await setUp(t)
  await asked.checker.check(another, identity)
  const anotherId = readRequest(asked.responder.requests[0]!).certId
  await asked.checker.check(peer, identity)
  const ownId = readRequest(asked.responder.requests[1]!).certId
  const hour = new Date(Date.now() + HOUR)
  const cases: [name: string, reason: string, lie: OcspLie, options?: OcspCheckerOptions][] = [
    ['another serial', 'certificate_mismatch', { certIds: [anotherId] }],
    ['good and unknown about one certificate', 'certificate_mismatch', { certIds: [ownId, ownId], each: [{}, { state: 'unknown' }] }],
    ['two good ones of which one has ended', 'stale', { certIds: [ownId, ownId], each: [{}, { thisUpdate: new Date(Date.now() - 2 * HOUR), nextUpdate: new Date(Date.now() - HOUR) }] }],
    ['two that say revoked, both out of their time', 'not_yet_valid', { state: 'revoked', certIds: [ownId, ownId], each: [{ thisUpdate: hour, nextUpdate: null }, { thisUpdate: hour, nextUpdate: null }] }],
    ['no answer', 'certificate_mismatch', { certIds: [] }],
    ['a stranger with the CA\'s name', 'signature', { key: stranger.ca.key }],
    ['a client certificate as signer', 'signer_not_authorized', { signer: client }],
    ['a signer with anyExtendedKeyUsage', 'signer_not_authorized', { signer: anyUse }],
    ['a delegate that has expired', 'signer_not_authorized', { signer: old }],
    ['a delegate of a stranger with the CA\'s name', 'signer_not_authorized', { signer: foreign }],
    ['a delegate of another CA', 'signer_not_authorized', { signer: indirect, certificates: [indirect.der, middle.ca.der] }],
    ['a delegate whose keyUsage lacks digitalSignature', 'signer_not_authorized', { signer: wrongUsage }],
    ['a delegate with an unknown critical extension', 'signer_not_authorized', { signer: odd }],
    ['a delegate\'s certificate without its key', 'signature', { signer: delegate, key: client.key }],
    ['a delegate whose certificate is not sent', 'signer_unknown', { signer: delegate, certificates: [] }],
    ['a delegate without nocheck where it is required', 'signer_not_authorized', { signer: delegate }, { requireNoCheck: true }],
    ['a signature of another key type', 'signature', { key: rsa.ca.key, signing: signings.rsaSha256 }],
    ['SHA-1', 'algorithm', { signing: signings.ecdsaSha1 }],
    ['an answer that has ended', 'stale', { thisUpdate: new Date(Date.now() - 2 * HOUR), nextUpdate: new Date(Date.now() - HOUR) }],
    ['an answer of 8 days ago that still runs', 'stale', { thisUpdate: new Date(Date.now() - 8 * 24 * HOUR), nextUpdate: hour }],
    ['an old answer without an end', 'stale', { thisUpdate: new Date(Date.now() - 400_000), nextUpdate: null }],
    ['an end before the beginning', 'stale', { thisUpdate: new Date(Date.now() - 1000), nextUpdate: new Date(Date.now() - HOUR) }],
    ['an answer from the future', 'not_yet_valid', { thisUpdate: hour, nextUpdate: new Date(Date.now() + 2 * HOUR) }],
    ['an answer produced in the future', 'not_yet_valid', { producedAt: hour }],
    ['another nonce', 'nonce', { nonce: new Uint8Array(32) }],
    ['no nonce where it is required', 'nonce', { nonce: null }, { nonce: 'required' }],
    ['tryLater', 'responder_status', { outerStatus: 3 }],
    ['unauthorized', 'responder_status', { outerStatus: 6 }],
    ['a status that does not exist', 'responder_status', { outerStatus: 99 }],
    ['another type', 'type', { type: '1.2.3' }],
    ['version 2', 'malformed', { version: 1 }],
    ['an unknown critical extension', 'critical_extension', { extensions: [extension('1.2.3.4', true, integer(1))] }],
    ['an unknown critical extension of the answer', 'critical_extension', { singleExtensions: [extension('1.2.3.4', true, integer(1))] }],
    ['a reason that does not exist', 'malformed', { state: 'revoked', reason: 7 }],
    ['nine certificates', 'malformed', { signer: delegate, certificates: Array(9).fill(delegate.der) }],
    ['65 answers', 'malformed', { certIds: Array(65).fill(anotherId) }],
    ['garbage', 'malformed', { body: Buffer.from('<html>') }],
    ['nothing', 'malformed', { body: new Uint8Array() }],
    ['a certificate that cannot be read', 'malformed', { signer: delegate, certificates: [writeElement(0x30, integer(1))] }],
    ['a certificate that is none', 'malformed', { signer: { der: delegate.der, key: delegate.key }, certificates: [integer(1)] }]
  ]
  for (const [name, reason, lie, options] of cases) {
    const { checker } = await setUp(t, options, lie)
    const failures = await failuresOf(async () => { t.match(await checker.check(peer, identity), { state: 'unknown', why: 'ocsp_invalid', detail: /^OCSP response refused: \P{C}{10,}$/u }, name) })
    t.match(failures, [{ code: 'MTLS_ERR_OCSP_INVALID', reason }], name)
    t.notOk(checker.permits({ state: 'unknown', why: 'ocsp_invalid' }, peer))
  }
})

test('believes a delegate of the issuer, by name or key, and one checked by a checker of its own', async (t) => {
  const delegate = await leaf('responder', { extendedKeyUsage: [OCSP_SIGNING] })
  const vouched = await leaf('vouched', { extendedKeyUsage: [OCSP_SIGNING], extensions: [noCheck] })
  const rsaDelegate = await leaf('rsa', { extendedKeyUsage: [OCSP_SIGNING], key: 'rsa-2048' })
  const sha256 = '2.16.840.1.101.3.4.2.1'
  for (const [lie, options] of [
    [{ signer: delegate }, {}],
    [{ byKey: true }, {}],
    [{ signer: delegate, byKey: true }, {}],
    [{ signer: vouched }, { requireNoCheck: true }],
    [{ certificates: [ca.der] }, {}],
    [{ signer: rsaDelegate, signing: signings.rsaSha256 }, {}],
    [{ signer: rsaDelegate, signing: pss('sha256', sha256, 32) }, {}],
    [{ nonce: null }, {}],
    [{ nonce: new Uint8Array(32) }, { nonce: 'none' }],
    [{ version: 0 }, {}]
  ] as [OcspLie, OcspCheckerOptions][]) {
    const { checker } = await setUp(t, options, lie)
    t.match(await checker.check(peer, identity), { state: 'good' })
  }
  const delegateChecker = crlChecker({ crls: [craftCrl({ ca })], issuers: [identity] })
  const { checker, responder } = await setUp(t, { delegateChecker }, { signer: delegate })
  t.match(await checker.check(peer, identity), { state: 'good' })
  ca.revoke(delegate.serialNumber)
  delegateChecker.replace([(await ca.crl()).der])
  t.match(await checker.check(another, identity), { state: 'unknown' }, 'a delegate that was revoked')
  responder.lie = { signer: vouched }
  t.match(await checker.check((await leaf('third')).identity, identity), { state: 'good' }, 'one the issuer vouches for is not asked about')
  await delegateChecker.close()
})

test('of several answers about one certificate any revoked one decides, else the one that ends first', async (t) => {
  const own = (hash: 'sha1' | 'sha256'): Uint8Array => readRequest(writeOcspRequest(describeCertId(peer, identity, hash), undefined)).certId
  const certIds = [own('sha1'), own('sha256'), own('sha1')]
  const at = (ms: number): Date => new Date(Math.floor(Date.now() / 10_000) * 10_000 + ms)
  const old = { thisUpdate: at(-2 * HOUR), nextUpdate: at(-HOUR) }
  for (const policy of ['hard', 'soft'] as const) {
    for (const each of [[{}, { state: 'revoked' }, {}], [{ state: 'revoked' }, { state: 'unknown' }, {}], [{}, {}, { state: 'revoked' }], [{ state: 'revoked', ...old }, { state: 'revoked' }, old]] as OcspLie['each'][]) {
      const { checker } = await setUp(t, { policy }, { certIds, each: each! })
      const status = await checker.check(peer, identity)
      t.match(status, { state: 'revoked' })
      t.notOk(checker.permits(status, peer))
    }
  }
  const { checker, responder } = await setUp(t, {}, { certIds, each: [{ nextUpdate: at(3 * HOUR) }, { nextUpdate: at(HOUR) }, { nextUpdate: at(2 * HOUR) }] })
  t.match(await checker.check(peer, identity), { state: 'good', until: at(HOUR).getTime() })
  responder.lie = { state: 'unknown', certIds: [0, 1].map(() => readRequest(writeOcspRequest(describeCertId(another, identity, 'sha1'), undefined)).certId) }
  t.match(await checker.check(another, identity), { why: 'ocsp_unknown' })
})

test('an answer counts no longer than its delegate\'s certificate', async (t) => {
  const notAfter = new Date(Math.floor(Date.now() / 1000) * 1000 + 30_000)
  const delegate = await leaf('short', { extendedKeyUsage: [OCSP_SIGNING], notAfter })
  const { checker } = await setUp(t, {}, { signer: delegate })
  t.match(await checker.check(peer, identity), { state: 'good', until: notAfter.getTime() + 1000 }, 'the second of notAfter is the last')
  const answer = craftOcspResponse(ca, writeOcspRequest(describeCertId(peer, identity, 'sha1'), undefined), { signer: delegate })
  const at = (now: number) => () => verifyOcspResponse(answer, peer, identity, { now: () => now })
  t.match(at(notAfter.getTime() + 999)(), { state: 'good' })
  t.throws(at(notAfter.getTime() + 1000), { code: 'MTLS_ERR_OCSP_INVALID', reason: 'signer_not_authorized' })
})

test('gives up on a responder that stalls, floods, redirects, fails or is not there', async (t) => {
  const cases: [reason: string, handler: TestResponder['handler']][] = [
    ['timeout', () => {}],
    ['timeout', (_request, response) => { response.writeHead(200).write('x') }],
    ['too_large', (_request, response) => { response.end(Buffer.alloc(70_000)) }],
    ['too_large', (_request, response) => { response.writeHead(200); for (let i = 0; i < 70; i++) response.write(Buffer.alloc(1024)) }],
    ['status', (_request, response) => { response.writeHead(302, { location: 'http://169.254.169.254/' }).end() }],
    ['status', (_request, response) => { response.writeHead(500).end('x') }],
    ['network', (request) => { request.socket.destroy() }]
  ]
  for (const [reason, handler] of cases) {
    const { checker, responder } = await setUp(t, reason === 'timeout' ? { timeout: 100 } : {})
    responder.handler = handler
    const failures = await failuresOf(async () => { t.match(await checker.check(peer, identity), { state: 'unknown', why: 'ocsp_unavailable', detail: /^OCSP unavailable: http:\/\/127/ }, reason) })
    t.match(failures, [{ code: 'MTLS_ERR_OCSP_UNAVAILABLE', reason }])
  }
})

test('asks the next responder where one fails', async (t) => {
  const liar = await startResponder(ca, { outerStatus: 2 })
  t.teardown(() => liar.close())
  const honest = await startResponder(ca)
  t.teardown(() => honest.close())
  const checker = ocspChecker({ urls: () => [liar.url, honest.url] })
  t.match(await checker.check(peer, identity), { state: 'good' })
  t.equal(liar.requests.length, 1)
  await checker.close()
})

test('asks once for many at a time, and not at all while the answer counts', async (t) => {
  const clock = makeClock()
  const { checker, responder } = await setUp(t, { now: clock.now }, { nextUpdate: new Date(clock.now() + 50_000) })
  const answers = await Promise.all(Array.from({ length: 20 }, async () => await checker.check(peer, identity)))
  t.ok(answers.every(({ state }) => state === 'good'))
  t.equal(responder.requests.length, 1)
  t.match(checker.check(peer, identity), { state: 'good' }, 'at once')
  const epoch = checker.epoch
  clock.advance(49_999)
  t.equal(checker.epoch, epoch)
  clock.advance(1)
  t.not(checker.epoch, epoch, 'the epoch moves with the end of an answer')
  responder.lie = { nextUpdate: new Date(clock.now() + HOUR) }
  t.match(await checker.check(peer, identity), { state: 'good' })
  t.equal(responder.requests.length, 2)
})

test('asks beside an answer that is about to end, and tells where it changed', async (t) => {
  const clock = makeClock()
  const { checker, responder } = await setUp(t, { now: clock.now }, { nextUpdate: new Date(clock.now() + 50_000) })
  await checker.check(peer, identity)
  clock.advance(41_000)
  responder.lie = { state: 'revoked' }
  const moved = new Promise<void>((resolve) => { checker.subscribe(resolve) })
  t.match(checker.check(peer, identity), { state: 'good' })
  await moved
  t.match(checker.check(peer, identity), { state: 'revoked' })
})

test('tells by a timer that an answer has ended', async (t) => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Math.floor(Date.now() / 1000) * 1000 })
  t.teardown(() => { mock.timers.reset() })
  const { checker } = await setUp(t, {}, { nextUpdate: new Date(Date.now() + 2_000) })
  await checker.check(peer, identity)
  let calls = 0
  checker.subscribe(() => { calls++ })
  mock.timers.tick(1_999)
  t.equal(calls, 0)
  mock.timers.tick(1)
  t.equal(calls, 1)
})

test('keeps a failure for a short while, and a stale answer only as long as it was told to', async (t) => {
  const clock = makeClock()
  for (const staleIfError of [0, 60_000]) {
    const { checker, responder } = await setUp(t, { now: clock.now, retryAfter: 5000, staleIfError }, { nextUpdate: new Date(clock.now() + 20_000) })
    t.match(await checker.check(peer, identity), { state: 'good' })
    responder.lie = { outerStatus: 3 }
    const end = clock.now() + 20_000
    clock.set(end)
    const status = await checker.check(peer, identity)
    t.match(status, staleIfError === 0 ? { state: 'unknown', why: 'ocsp_invalid' } : { state: 'good', until: end + 5000 })
    t.equal(checker.permits(status, peer), staleIfError > 0)
    const asked = responder.requests.length
    clock.advance(4999)
    t.same(checker.check(peer, identity), status, 'at once')
    clock.advance(1)
    await checker.check(peer, identity)
    t.equal(responder.requests.length, asked + 1)
    clock.set(end + 60_000)
    t.match(await checker.check(peer, identity), { state: 'unknown' }, 'and no longer')
    responder.lie = { nextUpdate: new Date(clock.now() + HOUR) }
    clock.advance(5000)
    t.match(await checker.check(peer, identity), { state: 'good' })
    clock.set(end - 20_000)
  }
})

test('a revoked certificate does not become an unknown one by a responder that is down', async (t) => {
  const clock = makeClock()
  const { checker, responder } = await setUp(t, { now: clock.now, policy: 'soft' }, { state: 'revoked', nextUpdate: new Date(clock.now() + 20_000) })
  await checker.check(peer, identity)
  responder.lie = { outerStatus: 3 }
  clock.advance(19_000)
  t.match(checker.check(peer, identity), { state: 'revoked' })
  clock.advance(1_000)
  t.match(await checker.check(peer, identity), { state: 'revoked' })
})

test('a revocation is not taken back by an older answer that is replayed, but by a newer one', async (t) => {
  for (const state of ['good', 'unknown'] as const) {
    const clock = makeClock()
    const at = (ms: number): Date => new Date(clock.now() + ms)
    const { checker, responder } = await setUp(t, { now: clock.now, policy: 'soft', retryAfter: 5000, staleIfError: HOUR }, { state: 'revoked', thisUpdate: at(-60_000), nextUpdate: at(20_000) })
    t.match(await checker.check(peer, identity), { state: 'revoked' })
    // What was captured before the revocation is still in its time.
    responder.lie = { state, thisUpdate: at(-61_000), nextUpdate: at(HOUR) }
    const failures = await failuresOf(async () => {
      for (const ms of [20_000, 5000, 5000]) {
        clock.advance(ms)
        t.match(await checker.check(peer, identity), { state: 'revoked' }, `again after ${ms} ms`)
      }
    })
    t.match(failures, Array.from({ length: 3 }, () => ({ code: 'MTLS_ERR_OCSP_INVALID', reason: 'rolled_back' })))
    responder.lie = { thisUpdate: at(-1000), nextUpdate: at(HOUR) }
    clock.advance(5000)
    t.match(await checker.check(peer, identity), { state: 'good' }, 'a hold can be lifted')
  }
})

test('an unknown of the responder is kept briefly', async (t) => {
  const clock = makeClock()
  const { checker, responder } = await setUp(t, { now: clock.now, retryAfter: 5000 }, { state: 'unknown' })
  t.match(await checker.check(peer, identity), { state: 'unknown', why: 'ocsp_unknown', detail: `the responder ${responder.url} does not know the certificate` })
  responder.lie = {}
  t.match(checker.check(peer, identity), { state: 'unknown', why: 'ocsp_unknown' })
  clock.advance(5000)
  t.match(await checker.check(peer, identity), { state: 'good' })
})

test('asks responders that a certificate names only where its host is on the list', async (t) => {
  const responder = await startResponder(ca)
  t.teardown(() => responder.close())
  const host = new URL(responder.url).host
  const named = parsePeerIdentity((await ca.issue({ cn: 'x', ocspUrls: ['ldap://x/', 'http://user@' + host + '/', 'http://169.254.169.254/', `${responder.url}ocsp`] })).der)
  for (const [options, state] of [
    [{}, 'unknown'],
    [{ allowCertificateUrls: { hosts: [host] } }, 'good'],
    [{ allowCertificateUrls: { hosts: ['127.0.0.1', '127.0.0.1:1', 'localhost'] } }, 'unknown']
  ] as [OcspCheckerOptions, string][]) {
    const checker = ocspChecker(options)
    t.match(await checker.check(named, identity), { state })
    t.match(await checker.check(peer, identity), { state: 'unknown' }, 'one that names none')
    await checker.close()
  }
  t.equal(responder.requests.length, 1)
})

test('finds the issuer among those it was given, by name and signature', async (t) => {
  const twin = await makeCa()
  const { checker } = await setUp(t, { issuers: [createPartialIdentity({ subject: identity.subject! }), twin.identity, identity] })
  t.match(await checker.check(peer, undefined), { state: 'good' })
  t.match(checker.check(peer, undefined), { state: 'good' })
  t.match(checker.check(createPartialIdentity({ serialNumber: '01', issuer: peer.issuer! }), undefined), { why: 'issuer_unknown' })
  t.match(checker.check((await makeCa({ name: 'x' })).identity, undefined), { why: 'issuer_unknown' })
  t.match(checker.check(createPartialIdentity({ fingerprint256: peer.fingerprint256! }), identity), { why: 'serial_unknown' })
  t.match(checker.check(peer, (await makeCa({ name: 'x' })).identity), { why: 'issuer_mismatch' })
})

test('remembers no more than it may, and asks no more at a time', async (t) => {
  const { checker, responder } = await setUp(t, { cacheSize: 1, maxConcurrent: 1 })
  await checker.check(peer, identity)
  await checker.check(another, identity)
  t.equal(checker.cached, 1)
  await checker.check(peer, identity)
  t.equal(responder.requests.length, 3)
  const third = (await leaf('third')).identity
  const failures = await failuresOf(async () => {
    const answers = await Promise.all([checker.check(another, identity), checker.check(third, identity)])
    t.match(answers, [{ state: 'good' }, { state: 'unknown', why: 'ocsp_unavailable' }])
  })
  t.match(failures, [{ reason: 'busy' }])
})

test('close ends what is under way', async (t) => {
  const { checker, responder } = await setUp(t)
  const asked = new Promise<void>((resolve) => { responder.handler = () => { resolve() } })
  const answer = checker.check(peer, identity)
  await asked
  await checker.close()
  t.match(await answer, { state: 'unknown', why: 'closed' })
  t.match(checker.check(peer, identity), { state: 'unknown', why: 'closed' })
})

test('refuses options it does not know or cannot use', (t) => {
  for (const [options, message] of [
    [{ url: 'http://x' }, /did you mean "urls"/],
    [{ urls: 'ftp://x' }, /expected an http or https URL/],
    [{ urls: ['http://user:x@y'] }, /without user/],
    [{ urls: [5] }, /urls is 5/],
    [{ hash: 'md5' }, /hash is "md5"/],
    [{ nonce: 'maybe' }, /nonce is "maybe"/],
    [{ timeout: 0 }, /timeout is 0/],
    [{ fetch: 'x' }, /fetch is string/],
    [{ allowCertificateUrls: { hosts: [] } }, /list of hosts/],
    [{ allowCertificateUrls: { hosts: ['http://x/'] } }, /expected "host"/],
    [{ allowCertificateUrls: true }, /given true/]
  ] as const) {
    t.throws(() => ocspChecker(options as never), { code: 'MTLS_ERR_REVOCATION_OPTION', message })
  }
  t.end()
})
