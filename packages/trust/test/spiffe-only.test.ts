// Authorities for X.509-SVIDs: what must not get in, and one root in several trust domains.
import { test } from 'tap'
import { parsePeerIdentity } from '@peerkit/identity'
import { element } from '@peerkit/test-support/der'
import { CLIENT_AUTH, KEY_CERT_SIGN, DIGITAL_SIGNATURE, NOW, Party, SERVER_AUTH, altNames, basicConstraints, dns, keyUsage, purposes } from '@peerkit/test-support/mint'
import type { Extension, Options } from '@peerkit/test-support/mint'
import { createTrustEvaluator } from '../src/index.ts'
import type { Accepted, Authority, Decision } from '../src/index.ts'
import { stubChecker, unknown } from './support/evaluate.ts'

const KEY_AGREEMENT = 4
const BOTH = purposes(CLIENT_AUTH, SERVER_AUTH)
const uri = (id: string): Buffer => element(0x86, Buffer.from(id))
const named = (...names: readonly Uint8Array[]): Options => ({ extensions: [altNames(...names), BOTH] })
const svid = (id: string): Options => named(uri(id))

const [root, aCa, bCa] = [new Party('CN=Shared root'), new Party('CN=CA of a'), new Party('CN=CA of b')]
const anchor = root.root()
const [underA, underB] = [root.certify(aCa, svid('spiffe://a.example')), root.certify(bCa, svid('spiffe://b.example'))]

const authorityOf = (name: string, ca: readonly Uint8Array[], more: Partial<Authority> = {}): Authority =>
  ({ name, ca, names: { spiffe: `spiffe://${name}` }, spiffeOnly: true, ...more })
const shared = [authorityOf('a.example', [anchor]), authorityOf('b.example', [anchor])]

function ask (leaf: Uint8Array, sent: readonly Uint8Array[] = [], authorities: readonly Authority[] = shared): string {
  const trust = createTrustEvaluator({ authorities: () => authorities, version: () => 1, now: () => NOW })
  const decision = trust.evaluate(leaf, { sent }) as Decision
  return decision.accepted ? `accepted by ${decision.authority}` : `${decision.reason}: ${decision.detail.message}`
}

test('trust domains with one root: each leaf belongs to its own', (t) => {
  t.equal(ask(aCa.issue('CN=x', svid('spiffe://a.example/x')), [underA]), 'accepted by a.example')
  t.equal(ask(bCa.issue('CN=x', svid('spiffe://b.example/x')), [underB]), 'accepted by b.example')
  t.equal(ask(root.issue('CN=x', svid('spiffe://b.example/x'))), 'accepted by b.example', 'of the root itself')
  t.match(ask(bCa.issue('CN=x', svid('spiffe://c.example/x')), [underB]), /^outside_authority: /)
  t.end()
})

test('a CA of one trust domain issues no ID of another, although they share a root', (t) => {
  t.match(ask(bCa.issue('CN=x', svid('spiffe://a.example/admin')), [underB]), /^outside_authority: .*is a CA of the trust domain "b\.example", and issued for "a\.example"$/)
  t.match(ask(aCa.issue('CN=x', svid('spiffe://b.example/admin')), [underA]), /is a CA of the trust domain "a\.example", and issued for "b\.example"$/, 'the refusal is that of the trust domain of the leaf')
  const below = new Party('CN=Below b')
  t.match(ask(below.issue('CN=x', svid('spiffe://a.example/admin')), [bCa.certify(below), underB]), /is a CA of the trust domain "b\.example"/, 'nor does a CA below it that says nothing')
  t.match(ask(below.issue('CN=x', svid('spiffe://a.example/admin')), [bCa.certify(below, svid('spiffe://a.example')), underB]), /is a CA of the trust domain "b\.example"/, 'nor one that says it is of the other')
  t.end()
})

test('what is not an X.509-SVID is refused', (t) => {
  const plain = root.certify(aCa)
  for (const [what, options, why] of [
    ['no name', {}, /has no URI$/],
    ['a DNS name alone', named(dns('a.example')), /has no URI$|outside/],
    ['another URI', named(uri('https://a.example/x')), /https:/],
    ['a second URI', named(uri('spiffe://a.example/x'), uri('https://a.example/x')), /2 URIs$|https:/],
    ['two SPIFFE IDs', named(uri('spiffe://a.example/x'), uri('spiffe://a.example/y')), /accepts no others: it has 2 URIs$/],
    ['no path', named(uri('spiffe://a.example')), /has the URI "spiffe:\/\/a\.example", which is not a SPIFFE ID with a path$/],
    ['upper case', named(uri('spiffe://A.example/x')), /spiffe:\/\/A\.example/],
    ['a CA', { extensions: [altNames(uri('spiffe://a.example/x')), basicConstraints(true)] }, /is a CA$/],
    ['keyCertSign', { extensions: [altNames(uri('spiffe://a.example/x')), keyUsage(DIGITAL_SIGNATURE, KEY_CERT_SIGN)] }, /has keyCertSign$/],
    ['cRLSign', { extensions: [altNames(uri('spiffe://a.example/x')), keyUsage(DIGITAL_SIGNATURE, 6)] }, /has cRLSign$/]
  ] as ReadonlyArray<readonly [string, Options, RegExp]>) {
    const answer = ask(aCa.issue('CN=x', options), [plain])
    t.match(answer, /^(?:outside_authority|ca_as_leaf): /, what)
    t.match(answer, why, what)
  }
  t.equal(ask(aCa.issue('CN=x', named(uri('spiffe://a.example/x'), dns('x.example'))), [plain]), 'accepted by a.example', 'a DNS name beside the ID is allowed')
  t.end()
})

test('what an X.509-SVID must be for: digitalSignature, and as a client and as a server', (t) => {
  const plain = root.certify(aCa)
  const leaf = (...more: readonly Extension[]): string => ask(aCa.issue('CN=x', { extensions: [altNames(uri('spiffe://a.example/x')), ...more] }), [plain])
  const none = (oid: string): Extension => ({ oid, value: Buffer.alloc(0) })
  t.equal(leaf(BOTH), 'accepted by a.example')
  t.equal(leaf(none('2.5.29.37')), 'accepted by a.example', 'no extended key usage is for everything')
  t.equal(leaf(BOTH, keyUsage(DIGITAL_SIGNATURE, KEY_AGREEMENT)), 'accepted by a.example')
  t.match(leaf(none('2.5.29.15'), BOTH), /^wrong_purpose: .*has no keyUsage, as an X\.509-SVID must$/)
  t.match(leaf(keyUsage(KEY_AGREEMENT), BOTH), /^wrong_purpose: .*does not allow digitalSignature by its keyUsage/)
  t.match(leaf(purposes(CLIENT_AUTH)), /^wrong_purpose: .*does not allow serverAuth too by its extendedKeyUsage/)
  t.match(leaf(purposes(SERVER_AUTH)), /^wrong_purpose: /)
  t.match(leaf(purposes('1.3.6.1.5.5.7.3.3')), /^wrong_purpose: /)
  t.match(ask(aCa.issue('CN=x', svid('spiffe://a.example/x')), [root.certify(aCa, { extensions: [altNames(uri('spiffe://a.example')), none('2.5.29.15')] })]), /^outside_authority: .*and has no keyUsage/, 'a CA that is an X.509-SVID')
  t.end()
})

test('a CA with a SPIFFE ID: no path, no second URI, no other words', (t) => {
  const leaf = aCa.issue('CN=x', svid('spiffe://a.example/x'))
  t.match(ask(leaf, [root.certify(aCa, svid('spiffe://a.example/ca'))]), /is a CA with the SPIFFE ID "spiffe:\/\/a\.example\/ca", which has a path/)
  t.match(ask(leaf, [root.certify(aCa, named(uri('spiffe://a.example'), uri('https://a.example')))]), /and another URI/)
  t.match(ask(leaf, [root.certify(aCa, svid('SPIFFE://a.example'))]), /which is not a SPIFFE ID/)
  t.equal(ask(leaf, [root.certify(aCa, named(uri('https://a.example')))]), 'accepted by a.example', 'a CA need not be an SVID')
  const withPath = root.root(svid('spiffe://a.example/root'))
  t.match(ask(leaf, [root.certify(aCa)], [authorityOf('a.example', [withPath])]), /which has a path/, 'an anchor neither')
  const ofOther = root.root(svid('spiffe://upstream.example'))
  t.equal(ask(leaf, [underA], [authorityOf('a.example', [ofOther])]), 'accepted by a.example', 'an anchor may be of another trust domain')
  t.end()
})

test('one anchor in two authorities: only if no certificate can be of both', (t) => {
  const make = (...authorities: readonly Authority[]) => () => createTrustEvaluator({ authorities: () => authorities, version: () => 1 })
  const [a, b] = shared as [Authority, Authority]
  t.doesNotThrow(make(a, b))
  const expected = /both have .*; expected each CA in one authority/
  t.throws(make(a, { ...b, spiffeOnly: false }), expected, 'the other accepts more than SVIDs')
  t.throws(make({ ...a, spiffeOnly: false }, b), expected)
  t.throws(make(a, { ...b, names: { spiffe: ['spiffe://b.example', 'spiffe://a.example/web'] } }), expected, 'part of it')
  t.throws(make({ ...a, names: { spiffe: 'spiffe://a.example/web/x' } }, { ...b, names: { spiffe: 'spiffe://a.example/web' } }), expected)
  t.doesNotThrow(make({ ...a, names: { spiffe: 'spiffe://a.example/web' } }, { ...b, names: { spiffe: 'spiffe://a.example/webs' } }))
  t.throws(make(a, b, { ...a, name: 'third' }), expected)
  for (const names of ['any', { dns: 'a.example' }, { spiffe: 'any' }] as const) {
    t.throws(make({ ...a, names }), /authorities\(\)\[0\]\.spiffeOnly needs authorities\(\)\[0\]\.names\.spiffe/)
  }
  t.end()
})

test('a shared root: the refusal is that of the trust domain of the leaf, wherever it stands', (t) => {
  const [a, b] = shared as [Authority, Authority]
  const leaf = bCa.issue('CN=x', svid('spiffe://b.example/x'))
  const outage = stubChecker({ x: unknown() })
  for (const authorities of [[a, { ...b, revocation: [outage] }], [{ ...b, revocation: [outage] }, a]]) {
    t.match(ask(leaf, [underB], authorities), /^revocation_unknown: /)
  }
  const many = Array.from({ length: 200 }, (_, index) => authorityOf(`p${index}.example`, [anchor]))
  t.equal(ask(root.issue('CN=x', svid('spiffe://p199.example/x')), [], many), 'accepted by p199.example')
  t.match(ask(root.issue('CN=x', svid('spiffe://none.example/x')), [], many), /^outside_authority: .*p0\.example/, 'no one speaks for it')
  t.end()
})

test('a shared root: an authority that did not issue a leaf does not say why it is refused', (t) => {
  const twin = authorityOf('b.example', [new Party('CN=Shared root').root()])
  const leaf = root.issue('CN=x', svid('spiffe://c.example/x'))
  for (const authorities of [[shared[0]!, twin], [twin, shared[0]!]]) {
    t.match(ask(leaf, [], authorities), /^outside_authority: .*authority "a\.example"/)
  }
  t.end()
})

test('what one trust domain changes is no reason to judge the peers of others again', (t) => {
  const frozen = (name: string, party: Party, more: Partial<Authority> = {}): Authority => Object.freeze({
    ...authorityOf(name, Object.freeze([parsePeerIdentity(party.root())]) as never, { names: Object.freeze({ spiffe: `spiffe://${name}` }), ...more }), intermediates: Object.freeze([]), revocation: more.revocation ?? Object.freeze([])
  })
  const [a, b] = [frozen('a.example', aCa), frozen('b.example', bCa)]
  const [checker, other] = [stubChecker(), stubChecker()]
  let version = 1
  let authorities: readonly Authority[] = [a, b]
  const trust = createTrustEvaluator({ authorities: () => authorities, version: () => version, now: () => NOW })
  const leaf = aCa.issue('CN=x', svid('spiffe://a.example/x'))
  const decide = (): Accepted => trust.evaluate(leaf) as Accepted
  const change = (...next: readonly Authority[]): void => {
    authorities = next
    version += 1
  }
  let decision = decide()
  const holds = (): boolean => {
    const isCurrent = trust.isCurrent(decision)
    const same = decide() === decision
    decision = decide()
    return isCurrent && same && decision.accepted
  }
  for (const [what, next, expected] of [
    ['the other has another CA', [a, frozen('b.example', root)], true],
    ['the other leaves', [a], true],
    ['two others come, before it', [frozen('c.example', bCa), b, a], true],
    ['nothing', [frozen('c.example', bCa), b, a], true],
    ['one comes that has a list of revoked certificates', [a, frozen('d.example', root, { revocation: Object.freeze([checker]) as never })], false],
    ['another one with a list takes its place', [a, frozen('g.example', root, { revocation: Object.freeze([other]) as never })], false],
    ['it goes', [a], false],
    ['one comes that accepts more than SVIDs', [a, frozen('e.example', bCa, { spiffeOnly: false })], false],
    ['it goes', [a], false],
    ['one comes that speaks for part of the trust domain', [a, frozen('f', bCa, { names: Object.freeze({ spiffe: 'spiffe://a.example/part' }) })], false],
    ['it goes', [a], false],
    ['its own authority is read anew', [frozen('a.example', aCa)], false]
  ] as ReadonlyArray<readonly [string, readonly Authority[], boolean]>) {
    change(...next)
    t.equal(holds(), expected, what)
  }
  change(b)
  t.equal(trust.isCurrent(decision), false, 'its trust domain left')
  t.equal((trust.evaluate(leaf) as Decision).accepted, false)
  change(a, b)
  t.equal(trust.isCurrent(decision), false, 'and what was decided before is not used when it is back')
  decision = decide()
  change({} as Authority)
  t.equal(trust.isCurrent(decision), false, 'no authority can be read')
  t.equal((trust.evaluate(leaf) as Decision).accepted, false)
  t.end()
})
