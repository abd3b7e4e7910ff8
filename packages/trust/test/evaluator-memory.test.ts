import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { createTrustEvaluator } from '../src/index.ts'
import type { Accepted, Authority, Decision } from '../src/index.ts'
import { evaluatorOf, fingerprintOf, resumed, revoked, stubChecker, told } from './support/evaluate.ts'
import { element, oid } from '@peerkit/test-support/der'
import { NOW, Party, altNames, dns } from '@peerkit/test-support/mint'
import type { Extension } from '@peerkit/test-support/mint'

const [root, older, ca] = [new Party('CN=root'), new Party('CN=older'), new Party('CN=ca')]
const anchor = root.root()
const intermediate = root.certify(ca)
const cross = older.certify(ca)
const leaf = ca.issue()
const copyOf = (der: Uint8Array): Uint8Array => new Uint8Array(der)

test('an accepted leaf is remembered with exactly what was sent beside it', async (t) => {
  const checker = stubChecker()
  const trust = evaluatorOf([anchor], { authority: { revocation: [checker] } })
  const first = trust.evaluate(leaf, { sent: [intermediate] })
  t.equal(trust.evaluate(copyOf(leaf), { sent: [copyOf(intermediate)] }), first, 'by its bytes')
  t.same(checker.asked, ['client', 'ca'])
  t.match(
    told(trust.evaluate(leaf)),
    'unknown_ca/unknown_ca',
    'without the intermediate it is decided afresh, as a process would that never saw it'
  )
  const second = trust.evaluate(leaf, { sent: [intermediate, anchor] }) as Decision
  t.equal(told(second), 'accepted by ca < root')
  t.not(second, first, 'another list is another question')
  t.equal(checker.asked.length, 4)
  t.equal(trust.evaluate(leaf, { sent: [intermediate, anchor] }), second, 'the anchor beside it is vouched for')
})

test('the same leaf and chain give the same identity object', async (t) => {
  const trust = evaluatorOf([anchor, older.root()])
  const peerOf = (sent: readonly Uint8Array[]): unknown => {
    const decision = trust.evaluate(leaf, { sent }) as Decision
    return decision.accepted ? decision.peer : undefined
  }
  const first = peerOf([intermediate])
  t.equal(peerOf([intermediate, anchor]), first)
  t.not(peerOf([cross]), first, 'another chain is another identity')
  t.equal(peerOf([intermediate]), first)
})

test('a leaf sent with certificates of no use is decided each time, and these are not kept', async (t) => {
  const checker = stubChecker()
  const trust = evaluatorOf([anchor], { authority: { revocation: [checker] } })
  const junk = [
    new Party('CN=ca').root(),
    root.certify(ca, { forged: true }),
    Buffer.from('no certificate'),
    older.certify(ca),
    leaf
  ]
  for (const extra of junk) {
    for (const sent of [
      [intermediate, extra],
      [extra, intermediate]
    ]) {
      const first = trust.evaluate(leaf, { sent })
      t.equal(told(first), 'accepted by ca < root')
      t.not(trust.evaluate(leaf, { sent }), first)
    }
  }
  t.equal(trust.remembers(leaf), false)
  t.equal(checker.asked.length, junk.length * 8)
})

test('a refusal is not remembered: what a new process would accept is accepted', async (t) => {
  const checker = stubChecker({ client: revoked() })
  const trust = evaluatorOf([anchor], { authority: { revocation: [checker] } })
  t.equal(told(trust.evaluate(leaf, { sent: [intermediate] })), 'revoked/revoked')
  t.equal(trust.remembers(leaf), false)
  checker.answers = {}
  t.equal(told(trust.evaluate(leaf, { sent: [intermediate] })), 'accepted by ca < root')
  t.equal(trust.remembers(leaf), true)
  t.equal(trust.remembers(ca.issue()), false)
  t.strictSame(
    [trust.remembers(leaf, [intermediate]), trust.remembers(leaf, [])], [true, false],
    'with what it came with, and not without'
  )
})

test('intermediates that only an earlier handshake brought help a resumed one, and never a full one', async (t) => {
  const trust = evaluatorOf([anchor])
  const other = ca.issue('CN=other')
  t.equal(told(trust.evaluate(other, resumed)), 'unknown_ca/unknown_ca', 'nothing is known yet')
  t.equal(told(trust.evaluate(leaf, { sent: [intermediate] })), 'accepted by ca < root')
  t.equal(told(trust.evaluate(other)), 'unknown_ca/unknown_ca', 'full')
  const first = trust.evaluate(other, resumed)
  t.equal(told(first), 'accepted by ca < root')
  t.equal(trust.evaluate(other, resumed), first, 'and is remembered')
  t.equal(told(trust.evaluate(other)), 'unknown_ca/unknown_ca', 'for resumed sessions alone')
  t.equal(trust.remembers(other), true)
  t.equal(
    trust.evaluate(leaf, resumed),
    trust.evaluate(leaf, { sent: [intermediate] }),
    'what a full handshake was decided by holds for its resumed sessions'
  )
})

test('a resumed session is refused once its anchor is removed or a certificate is revoked', async (t) => {
  const checker = stubChecker()
  let [version, anchors] = [1, [anchor]]
  const trust = createTrustEvaluator({
    authorities: () => [{ name: 'default', ca: anchors, revocation: [checker] }],
    version: () => version,
    now: () => NOW
  })
  const ask = (): string => told(trust.evaluate(leaf, resumed))
  t.equal(told(trust.evaluate(leaf, { sent: [intermediate] })), 'accepted by ca < root')
  checker.answers = { ca: revoked() }
  checker.epoch += 1
  t.equal(ask(), 'revoked/revoked')
  checker.answers = {}
  checker.epoch += 1
  t.equal(ask(), 'accepted by ca < root')
  ;[version, anchors] = [2, [older.root()]]
  t.equal(ask(), 'unknown_ca/unknown_ca')
  ;[version, anchors] = [3, [anchor]]
  t.equal(ask(), 'accepted by ca < root', 'an intermediate that was verified stays known')
})

test('only CAs of accepted paths are learned, told once, and forgotten when the anchors change ' +
  'or they end', async (t) => {
  let [version, time, calls] = [1, NOW, 0]
  const short = root.certify(ca, { notAfter: NOW + 60_000 })
  const second = new Party('CN=second')
  const checker = stubChecker({ second: revoked('cACompromise') })
  const trust = createTrustEvaluator({
    authorities: () => [
      { name: 'default', ca: [anchor], intermediates: version > 2 ? [intermediate] : [], revocation: [checker] }
    ],
    version: () => version,
    now: () => time,
    onLearned: () => {
      calls += 1
    }
  })
  const state = (): unknown => [trust.learned.length, calls]
  t.same(trust.learned, [])
  trust.evaluate(leaf, { sent: [root.certify(ca, { forged: true }), cross] })
  t.same(state(), [0, 0])
  t.match(told(trust.evaluate(second.issue(), { sent: [root.certify(second)] })), /^revoked/)
  t.same(state(), [0, 0], 'a CA that is revoked teaches nothing')
  trust.evaluate(leaf, { sent: [short] })
  t.match(trust.learned, [/^[0-9a-f]{64}$/])
  const learned = trust.learned
  trust.evaluate(ca.issue(), { sent: [short] })
  for (let turn = 0; turn < 3; turn++) trust.evaluate(leaf, { sent: [root.certify(ca)] })
  t.same([trust.learned, calls], [learned, 1], 'twins of one name and key are one')
  time = NOW + 61_000
  t.same(trust.learned, learned, 'one of them lasts longer')
  version = 2
  t.same(trust.learned, [])
  trust.evaluate(leaf, { sent: [intermediate] })
  t.same(state(), [1, 2])
  version = 3
  trust.evaluate(leaf, { sent: [intermediate] })
  trust.evaluate(leaf, { sent: [root.certify(ca)] })
  t.same(state(), [0, 2], 'a CA that is configured need not be learned, by whichever certificate')
})

test('no more is learned, and no more remembered, than it is told', async (t) => {
  const cas = [1, 2, 3].map((number) => new Party(`CN=ca ${number}`))
  const few = evaluatorOf([anchor], { maxIntermediates: 2 })
  for (const each of cas) t.match(told(few.evaluate(each.issue(), { sent: [root.certify(each)] })), /^accepted/)
  t.equal(few.learned.length, 2)
  const none = evaluatorOf([anchor], { maxIntermediates: 0, cacheSize: 0 })
  const first = none.evaluate(leaf, { sent: [intermediate] })
  t.equal(told(first), 'accepted by ca < root')
  t.not(none.evaluate(leaf, { sent: [intermediate] }), first)
  t.same(none.learned, [])
  t.equal(told(none.evaluate(leaf, resumed)), 'unknown_ca/unknown_ca')
  const one = evaluatorOf([anchor], { cacheSize: 1 })
  const [a, b] = [ca.issue('CN=a'), ca.issue('CN=b')]
  for (const each of [a, b]) one.evaluate(each, { sent: [intermediate] })
  t.strictSame([one.remembers(a), one.remembers(b)], [false, true])
})

/** Eleven octets, which take 300 bytes once they are read. */
const OTHER_NAME = element(0xa0, oid('1.2.3'), element(0xa0, element(0x05)))
const fat = (names: number): { readonly extensions: readonly Extension[] } => {
  return { extensions: [altNames(...Array.from({ length: names }, () => OTHER_NAME))] }
}

test('a leaf counts for the memory that it takes, not for its octets', async (t) => {
  for (const presented of [{ sent: [intermediate] }, resumed]) {
    const trust = evaluatorOf([anchor], { cacheBytes: 4_000_000, authority: { intermediates: [intermediate] } })
    const friend = ca.issue()
    trust.evaluate(friend, presented)
    // Of 5 KB each, and 120 KB.
    const all = Array.from({ length: 30 }, () => ca.issue('CN=fat', fat(330)))
    const kept = (): number => all.filter((each) => trust.remembers(each)).length
    for (const each of all.slice(0, 10)) t.match(told(trust.evaluate(each, presented)), /^accepted/)
    t.equal(kept(), 10)
    for (const each of all.slice(10)) trust.evaluate(each, presented)
    t.ok(kept() > 10 && kept() < 20, String(kept()))
  }
})

test('a leaf of more than its share is accepted, and evicts no others', async (t) => {
  const trust = evaluatorOf([anchor], { cacheBytes: 2_000_000 })
  t.match(told(trust.evaluate(leaf, { sent: [intermediate] })), /^accepted/)
  for (let turn = 0; turn < 20; turn += 1) {
    const each = ca.issue('CN=fat', fat(330))
    t.match(told(trust.evaluate(each, { sent: [intermediate] })), /^accepted/)
    t.equal(trust.remembers(each), false)
  }
  t.equal(trust.remembers(leaf), true)
})

test('certificates that are kept for one leaf alone count for it, and those of many do not', async (t) => {
  const keptOf = (maxIntermediates: number): number => {
    const trust = evaluatorOf([anchor], { cacheBytes: 2_000_000, maxIntermediates })
    const made = root.certify(ca, fat(131))
    const all = Array.from({ length: 40 }, () => ca.issue())
    for (const each of all) trust.evaluate(each, { sent: [made] })
    return all.filter((each) => trust.remembers(each)).length
  }
  t.equal(keptOf(10), 40, 'the intermediate is learned: all share it')
  t.ok(keptOf(0) < 30, 'without room for intermediates each leaf keeps its own copy')
})

test('a large intermediate does not push others out', async (t) => {
  const trust = evaluatorOf([anchor])
  trust.evaluate(leaf, { sent: [intermediate] })
  const cas = Array.from({ length: 20 }, (_, index) => new Party(`CN=fat ${index}`))
  for (const each of cas) t.match(told(trust.evaluate(each.issue(), { sent: [root.certify(each, fat(2_600))] })), /^acc/)
  t.equal(told(trust.evaluate(ca.issue(), resumed)), 'accepted by ca < root')
  t.ok(trust.learned.length > 14 && trust.learned.length < 20, String(trust.learned.length))
})

test('identities that are given are not read again, and bytes of the caller are not written to', async (t) => {
  const given = parsePeerIdentity(anchor)
  const decision = createTrustEvaluator({
    authorities: () => [{ name: 'default', ca: [given] }],
    now: () => NOW
  }).evaluate(leaf, { sent: [intermediate] }) as Decision
  t.equal(decision.accepted && decision.peer.chain?.at(-1), given)
})

test('a leaf that is known already is believed as far as its authority goes now', async (t) => {
  const OID = '1.2.3.4'
  const known = root.issue('CN=known', { extensions: [altNames(dns('a.example')), { oid: OID, value: Buffer.from([4, 1, 7]) }] })
  const authority = (name: string, names: NonNullable<Authority['names']>): Authority => ({ name, ca: [anchor], names })
  let [version, current] = [0, authority('a', 'any')]
  const trust = createTrustEvaluator({ authorities: () => [current], version: () => version, now: () => NOW })
  const peerUnder = (next: Authority): PeerIdentity => {
    [version, current] = [version + 1, next]
    return (trust.evaluate(known) as Accepted).peer
  }
  const first = peerUnder(authority('a', { extension: 'any', dns: 'any' }))
  t.ok(first.extension(OID))
  t.equal(peerUnder(authority('a', { extension: [OID], dns: 'any' })).extension('1.2.3.5'), undefined)
  t.equal(peerUnder(authority('a', { extension: ['1.2.3.5'], dns: 'any' })).extension(OID), undefined, 'another extension alone')
  t.equal(peerUnder(authority('a', { extension: ['1.2.3.5', OID], dns: 'any' })).extension('1.2.3.6'), undefined)
  t.ok(peerUnder(authority('a', { extension: 'any', dns: 'any' })).extension(OID), 'and all again')
  t.same(peerUnder(authority('a', { extension: 'any' })).notBelieved.includes('dns'), true)
  t.same(peerUnder(authority('a', { dns: 'any' })).notBelieved.includes('dns'), false)
  const last = peerUnder(authority('a', { extension: 'any', dns: 'any' }))
  t.equal(peerUnder(authority('a', { extension: 'any', dns: 'any' })), last, 'and is the same object where nothing changed')
  t.equal(peerUnder(authority('b', { extension: 'any', dns: 'any' })).authority, 'b', 'the name of the authority alone')
})

test('a second certificate of a CA helps resumed sessions if the first is revoked, if there is room', async (t) => {
  const twin = root.certify(ca)
  for (const [maxIntermediates, expected] of [[2, /^accepted/], [1, /^revoked/]] as const) {
    const checker = stubChecker()
    const trust = evaluatorOf([anchor], { maxIntermediates, authority: { revocation: [checker] } })
    for (const sent of [intermediate, twin]) t.match(told(trust.evaluate(leaf, { sent: [sent] })), /^accepted/)
    checker.answers = { [fingerprintOf(intermediate)]: revoked() }
    checker.epoch += 1
    t.match(told(trust.evaluate(ca.issue('CN=other'), resumed)), expected, `room for ${maxIntermediates}`)
  }
})

test('copies of one CA do not push another one out', async (t) => {
  for (const maxIntermediates of [2, 6]) {
    const trust = evaluatorOf([anchor], { maxIntermediates })
    const second = new Party('CN=second')
    t.match(told(trust.evaluate(leaf, { sent: [intermediate] })), /^accepted/)
    for (let copy = 0; copy < 8; copy++) {
      t.match(told(trust.evaluate(second.issue(), { sent: [root.certify(second)] })), /^accepted/)
    }
    const third = new Party('CN=third')
    t.match(told(trust.evaluate(third.issue(), { sent: [root.certify(third)] })), /^accepted/)
    t.match(told(trust.evaluate(third.issue(), resumed)), maxIntermediates === 2 ? /^unknown_ca/ : /^accepted/)
    t.match(told(trust.evaluate(ca.issue('CN=other'), resumed)), /^accepted/, `room for ${maxIntermediates}`)
  }
})
