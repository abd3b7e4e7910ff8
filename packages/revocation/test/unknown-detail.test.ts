import { createPartialIdentity, parsePeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import {
  checkChain, combineCheckers, crlChecker, crlUrlChecker, ocspChecker, type RevocationChecker, type RevocationStatus
} from '../src/index.ts'
import { plainText } from '../src/policy/revocation-status.ts'
import { HOUR, makeClock } from './support/clock.ts'
import { craftCrl, distributionPoint, extension, integer } from './support/craft.ts'
import { startCrlServer } from './support/crl-server.ts'
import { makeCa, wrapCa } from './support/identities.ts'

const { ca, identity, leaf } = await makeCa({ subject: [{ type: 'CN', value: 'Issuing CA' }] })
const twin = await makeCa({ subject: [{ type: 'CN', value: 'Issuing CA' }] })
const other = await makeCa({ subject: [{ type: 'CN', value: 'Other CA' }] })
const peer = (await leaf('peer')).identity
const detailOf = (status: RevocationStatus): string | undefined =>
  status.state === 'unknown' ? status.detail : undefined

/** A checker that says the same of everyone. */
const saying = (status: RevocationStatus | Promise<RevocationStatus>): RevocationChecker =>
  ({
    epoch: 1,
    check: () => status,
    permits: ({ state }) => state === 'good',
    subscribe: () => () => {},
    close: async () => {}
  })

test('a missing list is named by its CA', (t) => {
  const ask = (crls: Uint8Array[], issuer: typeof identity | undefined = identity): string | undefined =>
    detailOf(crlChecker({ crls, issuers: [identity, other.identity, twin.identity] }).check(peer, issuer))
  t.equal(ask([]), 'no CRL of CN=Issuing CA is loaded')
  t.equal(ask([craftCrl({ ca: other.ca })], undefined), 'no CRL of CN=Issuing CA is loaded')
  t.equal(
    ask([craftCrl({ ca: twin.ca })]),
    'no CRL of CN=Issuing CA by the key of its certificate is loaded, only by another key'
  )
  t.equal(ask([], other.identity), 'the certificate names the issuer CN=Issuing CA, not CN=Other CA')
  const checker = crlChecker({ crls: [], issuers: [identity] })
  t.equal(
    detailOf(checker.check(createPartialIdentity({ serialNumber: '01' }), undefined)),
    'the issuer of the certificate is not known'
  )
  t.equal(
    detailOf(checker.check(createPartialIdentity({ serialNumber: '01' }), identity)),
    'the certificate names the issuer none, not CN=Issuing CA'
  )
  t.equal(detailOf(checker.check(
    createPartialIdentity({ issuer: peer.issuer!, fingerprint256: peer.fingerprint256! }), undefined
  )), 'the serial number of the certificate is not known')
  t.end()
})

test('a list out of its time is named with the time', (t) => {
  const clock = makeClock(Date.parse('2026-10-01T12:00:00Z'))
  const at = (ms: number): Date => new Date(clock.now() + ms)
  const ask = (...crls: Uint8Array[]): string | undefined =>
    detailOf(crlChecker({ crls, issuers: [identity], now: clock.now }).check(peer, identity))
  const dates = { thisUpdate: at(-2 * HOUR), nextUpdate: at(24 * HOUR) }
  t.equal(
    ask(craftCrl({ ca, ...dates, nextUpdate: at(-HOUR) })), 'the CRL of CN=Issuing CA ended on 2026-10-01T11:00:00.000Z'
  )
  t.equal(
    ask(craftCrl({ ca, ...dates, thisUpdate: at(HOUR) })), 'the CRL of CN=Issuing CA starts on 2026-10-01T13:00:00.000Z'
  )
  const deltaOf = (more: object): Uint8Array =>
    craftCrl({ ca, number: 6, extensions: [extension('2.5.29.27', true, integer(5))], ...dates, ...more })
  t.equal(
    ask(craftCrl({ ca, number: 5, ...dates }), deltaOf({ nextUpdate: at(-HOUR) })),
    'the delta CRL of CN=Issuing CA ended on 2026-10-01T11:00:00.000Z'
  )
  t.equal(
    ask(craftCrl({ ca, number: 5, ...dates }), deltaOf({ thisUpdate: at(HOUR) })),
    undefined,
    'a delta of the future says nothing yet'
  )
  t.equal(ask(craftCrl({ ca, ...dates })), undefined)
  t.end()
})

test('a list that does not cover the certificate is named with what it covers', async (t) => {
  const intermediate = wrapCa(await ca.intermediate())
  const named = parsePeerIdentity(
    (await ca.issue({ cn: 'x', crlUrls: ['http://crl.example/1.crl', 'http://crl.example/2.crl'] })).der
  )
  const ask = (certificate: typeof peer, ...points: Uint8Array[]): string | undefined =>
    detailOf(crlChecker({
      crls: points.map((point) => craftCrl({ ca, extensions: [point] })), issuers: [identity]
    }).check(certificate, identity))
  const covers = 'the CRL of CN=Issuing CA covers'
  t.equal(ask(peer, distributionPoint(undefined, { 2: true })), `${covers} CA certificates only`)
  t.equal(ask(intermediate.identity, distributionPoint(undefined, { 1: true })), `${covers} no CA certificates`)
  const partial = createPartialIdentity({ serialNumber: '01', issuer: peer.issuer! })
  t.equal(
    ask(partial, distributionPoint(undefined, { 1: true })),
    `${covers} no CA certificates; it is not known whether this is one`
  )
  const point =
    `${covers} only certificates that name its distribution point http://crl.example/3.crl; this certificate names`
  t.equal(ask(peer, distributionPoint('http://crl.example/3.crl')), `${point} none`)
  t.equal(ask(named, distributionPoint('http://crl.example/3.crl')), `${point} http://crl.example/1.crl and 1 more`)
  const many = [3, 4, 5, 6].map((n) => distributionPoint(`http://crl.example/${n}.crl`))
  t.equal(ask(peer, ...many), `${point} none; ${point.replace('3.crl', '4.crl')} none; and 2 more`)
  const long = ask(named, distributionPoint(`http://crl.example/${'x'.repeat(5000)}\n`))
  t.match(long, /^the CRL of CN=Issuing CA covers [^\n]{100,380}$/)
})

test('says why a list did not come', async (t) => {
  const server = await startCrlServer()
  t.teardown(() => server.close())
  const checker = await crlUrlChecker({ urls: [`${server.url}/a`], issuers: [identity], initial: 'background' })
  t.equal(
    detailOf(await checker.check(peer, identity)),
    `no CRL of CN=Issuing CA is loaded; ${server.url}/a: CRL unavailable: ${server.url}/a answered with status 404`
  )
  server.files.set('/a', craftCrl({ ca: other.ca }))
  await t.rejects(checker.refresh())
  t.match(detailOf(await checker.check(peer, identity)), /is loaded; http:.*\/a: CRL refused: none of the issuers has/)
  server.files.set('/a', craftCrl({ ca }))
  await checker.refresh()
  t.match(await checker.check(peer, identity), { state: 'good' })
  await checker.close()
  const found = await crlUrlChecker({ urls: [], issuers: [identity], allowCertificateUrls: { hosts: [server.host] } })
  const naming = parsePeerIdentity((await ca.issue({ cn: 'x', crlUrls: [`${server.url}/b`] })).der)
  t.match(detailOf(await found.check(naming, identity)), /is loaded; http:.*\/b answered with status 404$/)
  await found.close()
})

test('OCSP says what is missing or what was said', async (t) => {
  const checker = ocspChecker({ issuers: [other.identity] })
  t.equal(
    detailOf(await checker.check(peer, undefined)),
    'the certificate of CN=Issuing CA, which issued this one, is not known'
  )
  t.match(detailOf(await checker.check(peer, identity)), /^OCSP unavailable: no responder is known for CN=peer/)
  t.equal(
    detailOf(await checker.check(createPartialIdentity({ serialNumber: '01' }), undefined)),
    'the certificate of an unknown issuer, which issued this one, is not known'
  )
  await checker.close()
})

test('combined checkers say what each of them said, and a chain what was said of its certificate', async (t) => {
  const unknown = (why: string, detail?: string): RevocationStatus =>
    ({ state: 'unknown', why, ...(detail !== undefined && { detail }) })
  const combined = (...statuses: RevocationStatus[]): string | undefined =>
    detailOf(combineCheckers(statuses.map(saying)).check(peer, identity) as RevocationStatus)
  t.equal(combined(unknown('a', 'first'), unknown('b'), unknown('c', 'second'), unknown('d', 'first')), 'first; second')
  t.equal(combined(unknown('a'), unknown('b')), undefined)
  t.equal(combined(unknown('a', `${'x'.repeat(10_000)}\u202e`))!.length, 480)
  t.match(
    await combineCheckers([saying(Promise.reject(new Error('broken\nline')))]).check(peer, identity),
    { why: 'check_failed', detail: 'the checker failed: broken?line' }
  )
  t.match(checkChain(saying(unknown('a', 'first')), peer), { why: 'a', detail: 'first', certificate: peer })
  t.match(
    await checkChain(saying(Promise.reject(new Error('broken'))), peer),
    { why: 'check_failed', detail: 'the checker failed: broken' }
  )
  const bare = parsePeerIdentity(peer.raw!)
  t.match(
    checkChain(saying({ state: 'good', source: 'crl', until: 1 }), bare, { now: () => 0 }),
    { why: 'chain_unknown', detail: /lead to a trust anchor/ }
  )
})

test('a text of others becomes one bounded line', (t) => {
  t.equal(plainText('a\r\nb\u0000\u2028\u202ec'), 'a??b???c')
  t.equal(plainText('x'.repeat(1000)).length, 240)
  t.equal(plainText('\ud83d\ude00'.repeat(3), 2), '?…', 'no half of a character')
  t.end()
})
