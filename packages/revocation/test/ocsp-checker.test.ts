import { createPartialIdentity, parsePeerIdentity } from '@peerkit/identity'
import { mock } from 'node:test'
import { test } from 'tap'
import { isSoon } from '@peerkit/test-support/turns'
import { ocspChecker, verifyOcspResponse, type OcspCheckerOptions, type RevocationStatus } from '../src/index.ts'
import { describeCertId, writeOcspRequest } from '../src/ocsp/ocsp-request.ts'
import { HOUR, makeClock } from './support/clock.ts'
import { makeCa } from './support/identities.ts'
import { craftOcspResponse, readRequest, startResponder, type TestResponder } from './support/ocsp-responder.ts'
import {
  another, asResponder, ca, certIdOf, failuresOf, identity, leaf, peer, roundTime, setUp
} from './support/ocsp-world.ts'

test('says good until nextUpdate, and revoked with reason and date', async (t) => {
  const nextUpdate = roundTime(HOUR)
  const { responder, checker } = await setUp(t, {}, { nextUpdate })
  t.same(await checker.check(peer, identity), { state: 'good', source: 'ocsp', until: nextUpdate.getTime() })
  const revokedAt = new Date('2026-01-02T03:04:05Z')
  responder.lie = { state: 'revoked', reason: 1, revokedAt }
  t.same(
    await checker.check(another, identity),
    { state: 'revoked', source: 'ocsp', reason: 'keyCompromise', revokedAt: revokedAt.getTime() }
  )
  t.equal(checker.cached, 2)
})

/** The object identifier of SHA-1, 1.3.14.3.2.26. */
const SHA1 = Buffer.from('2b0e03021a', 'hex')

for (const hash of ['sha1', 'sha256'] as const) {
  for (const nonce of ['none', 'optional', 'required'] as const) {
    test(`asks with ${hash}, nonce ${nonce}`, async (t) => {
      const { responder, checker } = await setUp(t, { hash, nonce })
      t.match(await checker.check(peer, identity), { state: 'good' })
      t.equal(responder.requests.length, 1)
      const request = readRequest(responder.requests[0]!)
      t.equal(request.nonce?.length, nonce === 'none' ? undefined : 32)
      t.equal(Buffer.from(request.certId).includes(SHA1), hash === 'sha1')
    })
  }
}

test('takes an answer that names the certificate by another hash than the request', async (t) => {
  const { checker } = await setUp(t, { hash: 'sha1' }, { certIds: [certIdOf(peer, 'sha256')] })
  t.match(await checker.check(peer, identity), { state: 'good' })
})

test('an answer counts no longer than its delegate\'s certificate', async (t) => {
  // Before the end of the response, which is an hour away.
  const notAfter = new Date(roundTime(HOUR / 2).getTime() - 1000)
  const brief = await leaf('short', { ...asResponder, notAfter })
  const { checker } = await setUp(t, {}, { signer: brief })
  t.match(
    await checker.check(peer, identity), { state: 'good', until: notAfter.getTime() + 1000 },
    'the second of notAfter is the last'
  )
  const answer = craftOcspResponse(
    ca, writeOcspRequest(describeCertId(peer, identity, 'sha1'), undefined), { signer: brief }
  )
  const at = (now: number) => () => verifyOcspResponse(answer, peer, identity, { now: () => now })
  t.match(at(notAfter.getTime() + 999)(), { state: 'good' })
  t.throws(at(notAfter.getTime() + 1000), { code: 'MTLS_ERR_OCSP_INVALID', reason: 'signer_not_authorized' })
})

interface Unavailable {
  readonly reason: string
  readonly handler: NonNullable<TestResponder['handler']>
  readonly options?: OcspCheckerOptions
}

const UNAVAILABLE: Readonly<Record<string, Unavailable>> = {
  'never answers': { reason: 'timeout', handler: () => {}, options: { timeout: 100 } },
  'never ends its answer': {
    reason: 'timeout',
    handler: (_request, response) => {
      response.writeHead(200).write('x')
    },
    options: { timeout: 100 }
  },
  'announces more than 64 KiB': {
    reason: 'too_large', handler: (_request, response) => { response.end(Buffer.alloc(70_000)) }
  },
  'sends more than 64 KiB': {
    reason: 'too_large',
    handler: (_request, response) => {
      response.writeHead(200)
      for (let kibibytes = 0; kibibytes < 70; kibibytes++) response.write(Buffer.alloc(1024))
    }
  },
  redirects: {
    reason: 'status',
    handler: (_request, response) => { response.writeHead(302, { location: 'http://169.254.169.254/' }).end() }
  },
  'fails with status 500': { reason: 'status', handler: (_request, response) => { response.writeHead(500).end('x') } },
  'breaks the connection': { reason: 'network', handler: (request) => { request.socket.destroy() } }
}

for (const [what, { reason, handler, options }] of Object.entries(UNAVAILABLE)) {
  test(`gives up on a responder that ${what} (${reason})`, async (t) => {
    const { checker, responder } = await setUp(t, options)
    responder.handler = handler
    const failures = await failuresOf(async () => {
      const status = await checker.check(peer, identity)
      t.match(status, { state: 'unknown', why: 'ocsp_unavailable', detail: /^OCSP unavailable: http:\/\/127/ })
    })
    t.match(failures, [{ code: 'MTLS_ERR_OCSP_UNAVAILABLE', reason }])
  })
}

test('a redirect is not followed, and the message says where it leads', async (t) => {
  const { checker, responder } = await setUp(t)
  responder.handler = (_request, response) => { response.writeHead(307, { location: '/other' }).end() }
  const status = await checker.check(peer, identity)
  const where = `(status 307) redirects to ${responder.url}other`
  t.match(status, { detail: `${where}, which is not followed: give that URL to the checker` })
  t.equal(responder.requests.length, 1)
})

test('malformedRequest on a request with a nonce names the option, without a nonce it does not', async (t) => {
  for (const [nonce, hint] of [['optional', true], ['required', true], ['none', false]] as const) {
    const { checker } = await setUp(t, { nonce }, { outerStatus: 1 })
    const { detail = '' } = await checker.check(peer, identity) as { detail?: string }
    t.match(detail, /the responder says malformedRequest/)
    t.equal(detail.includes("it may not accept the nonce: try the option nonce: 'none'"), hint, nonce)
  }
  const { checker } = await setUp(t, {}, { outerStatus: 3 })
  t.match(await checker.check(peer, identity), { why: 'ocsp_invalid', detail: /the responder says tryLater$/ })
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
  const { epoch } = checker
  let calls = 0
  checker.subscribe(() => { calls++ })
  t.match(checker.check(peer, identity), { state: 'good' })
  t.ok(await isSoon(() => (checker.check(peer, identity) as RevocationStatus).state === 'revoked'))
  t.equal(calls, 1, 'the listeners are told')
  t.not(checker.epoch, epoch)
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

/** How long the answers of these tests count, and how long a failure does. */
const LIFE = 20_000
const RETRY_AFTER = 5_000

test('keeps a failure until retryAfter is over, then asks again', async (t) => {
  const clock = makeClock()
  const { checker, responder } = await setUp(
    t, { now: clock.now, retryAfter: RETRY_AFTER }, { nextUpdate: new Date(clock.now() + LIFE) }
  )
  t.match(await checker.check(peer, identity), { state: 'good' })
  responder.lie = { outerStatus: 3 }
  clock.advance(LIFE)
  const status = await checker.check(peer, identity)
  t.match(status, { state: 'unknown', why: 'ocsp_invalid' })
  t.equal(checker.permits(status, peer), false)
  const asked = responder.requests.length
  clock.advance(RETRY_AFTER - 1)
  t.same(checker.check(peer, identity), status, 'at once')
  clock.advance(1)
  t.match(await checker.check(peer, identity), { state: 'unknown' })
  t.equal(responder.requests.length, asked + 1)
  responder.lie = { nextUpdate: new Date(clock.now() + HOUR) }
  clock.advance(RETRY_AFTER)
  t.match(await checker.check(peer, identity), { state: 'good' })
})

test('keeps an answer that has ended for staleIfError while the responder fails, and no longer', async (t) => {
  const clock = makeClock()
  const staleIfError = 60_000
  const end = clock.now() + LIFE
  const { checker, responder } = await setUp(
    t, { now: clock.now, retryAfter: RETRY_AFTER, staleIfError }, { nextUpdate: new Date(end) }
  )
  t.match(await checker.check(peer, identity), { state: 'good' })
  responder.lie = { outerStatus: 3 }
  clock.set(end)
  const status = await checker.check(peer, identity)
  t.match(status, { state: 'good', until: end + RETRY_AFTER })
  t.equal(checker.permits(status, peer), true)
  const asked = responder.requests.length
  clock.advance(RETRY_AFTER - 1)
  t.same(checker.check(peer, identity), status, 'at once')
  clock.advance(1)
  t.match(await checker.check(peer, identity), { state: 'good' })
  t.equal(responder.requests.length, asked + 1)
  clock.set(end + staleIfError)
  t.match(await checker.check(peer, identity), { state: 'unknown' })
  responder.lie = { nextUpdate: new Date(clock.now() + HOUR) }
  clock.advance(RETRY_AFTER)
  t.match(await checker.check(peer, identity), { state: 'good' })
})

test('a revoked certificate does not become an unknown one by a responder that is down', async (t) => {
  const clock = makeClock()
  const { checker, responder } = await setUp(
    t, { now: clock.now, policy: 'soft' }, { state: 'revoked', nextUpdate: new Date(clock.now() + 20_000) }
  )
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
    const { checker, responder } = await setUp(
      t,
      { now: clock.now, policy: 'soft', retryAfter: 5000, staleIfError: HOUR },
      { state: 'revoked', thisUpdate: at(-60_000), nextUpdate: at(20_000) }
    )
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
  t.match(
    await checker.check(peer, identity),
    { state: 'unknown', why: 'ocsp_unknown', detail: `the responder ${responder.url} does not know the certificate` }
  )
  responder.lie = {}
  t.match(checker.check(peer, identity), { state: 'unknown', why: 'ocsp_unknown' })
  clock.advance(5000)
  t.match(await checker.check(peer, identity), { state: 'good' })
})

test('asks responders that a certificate names only where its host is on the list', async (t) => {
  const responder = await startResponder(ca)
  t.teardown(() => responder.close())
  const host = new URL(responder.url).host
  const named = parsePeerIdentity((await ca.issue({
    cn: 'x', ocspUrls: ['ldap://x/', 'http://user@' + host + '/', 'http://169.254.169.254/', `${responder.url}ocsp`]
  })).der)
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
  const { checker } = await setUp(
    t, { issuers: [createPartialIdentity({ subject: identity.subject! }), twin.identity, identity] }
  )
  t.match(await checker.check(peer, undefined), { state: 'good' })
  t.match(checker.check(peer, undefined), { state: 'good' })
  t.match(
    checker.check(createPartialIdentity({ serialNumber: '01', issuer: peer.issuer! }), undefined),
    { why: 'issuer_unknown' }
  )
  t.match(checker.check((await makeCa({ name: 'x' })).identity, undefined), { why: 'issuer_unknown' })
  t.match(
    checker.check(createPartialIdentity({ fingerprint256: peer.fingerprint256! }), identity), { why: 'serial_unknown' }
  )
  t.match(checker.check(peer, (await makeCa({ name: 'x' })).identity), { why: 'issuer_mismatch' })
})

test('whom one checker takes for the issuer, another with other CAs does not', async (t) => {
  const { identity: certificate } = await leaf('shared')
  const [none, twins, ours] = await Promise.all([
    setUp(t), setUp(t, { issuers: [(await makeCa()).identity] }), setUp(t, { issuers: [identity] })
  ])
  for (const { checker } of [none, twins]) t.match(checker.check(certificate, undefined), { why: 'issuer_unknown' })
  t.match(await ours.checker.check(certificate, undefined), { state: 'good' })
  for (const { checker } of [none, twins]) t.match(checker.check(certificate, undefined), { why: 'issuer_unknown' })
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
    [{ urls: ['http://user:x@y'] }, /urls is "http:\/\/…@y"; expected an http or https URL without user/],
    [{ urls: [5] }, /urls is 5/],
    [{ hash: 'md5' }, /hash is "md5"/],
    [{ nonce: 'maybe' }, /nonce is "maybe"/],
    [{ timeout: 0 }, /timeout is 0/],
    [{ timeout: 2 ** 31 }, /timeout is 2147483648; expected milliseconds from 1 to 2,147,483,647/],
    [{ retryAfter: 1e13 }, /retryAfter is 10000000000000/],
    [{ staleIfError: Infinity }, /staleIfError is Infinity/],
    [{ fetch: 'x' }, /fetch is "x"; expected a function/],
    [{ allowCertificateUrls: { hosts: [] } }, /hosts is an empty list; expected a list of at least one of the hosts/],
    [{ allowCertificateUrls: { hosts: ['http://x/'] } }, /expected "host"/],
    [{ allowCertificateUrls: true }, /allowCertificateUrls is true; expected an object/]
  ] as const) {
    t.throws(() => ocspChecker(options as never), { code: 'MTLS_ERR_REVOCATION_OPTION', message })
  }
  t.end()
})

test('an answer about one CA\'s certificate is none about another CA\'s with the same serial number', async (t) => {
  const other = await makeCa({ name: 'Another CA' })
  const { serialNumber } = peer
  const { identity: same } = await other.leaf('same', { serialNumber: serialNumber as string })
  t.equal(same.serialNumber, serialNumber)
  const { responder, checker } = await setUp(t)
  t.match(await checker.check(peer, identity), { state: 'good' })
  // The responder of the first CA may not answer for the other.
  t.match(await checker.check(same, other.identity), { state: 'unknown' })
  t.equal(responder.requests.length, 2)
})
