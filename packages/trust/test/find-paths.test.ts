import { test } from 'tap'
import { element, sequence } from '@peerkit/test-support/der'
import { NOW, Party } from '@peerkit/test-support/mint'
import type { Extension } from '@peerkit/test-support/mint'
import { outcome, validate } from './support/validate.ts'

test('three CAs that signed each other, 1,340 octets of certificates and nothing trusted, are ' +
  'refused at once', async (t) => {
  const [root, a, b, c] = ['root', 'a', 'b', 'c'].map((name) => new Party(`CN=${name}`)) as [Party, Party, Party, Party]
  const verdict = validate(a.issue(), [b.certify(a), c.certify(b), a.certify(c), a.certify(b), b.certify(c), c.certify(a)], [root.root()])
  t.match(verdict, { valid: false, reason: 'unknown_ca' })
})

test('CAs of one name that all signed each other end at a budget', async (t) => {
  const root = new Party('CN=root')
  const crowd = Array.from({ length: 4 }, () => new Party('CN=crowd'))
  const certificates = crowd.flatMap((one) => crowd.map((other) => one.certify(other)))
  t.equal(outcome(crowd[0]!.issue(), certificates, [root.root()], { limits: { maxSteps: 50 } }), 'budget_exceeded')
  t.equal(outcome(crowd[0]!.issue(), certificates, [root.root()]), 'budget_exceeded')
  t.equal(outcome(crowd[0]!.issue(), certificates.slice(0, 8), [root.root()], { limits: { maxSteps: 1_024 } }), 'unknown_ca', 'half of them can be tried out')
})

test('a crowd that claims to be signed by the anchor costs no more signatures than the budget has', async (t) => {
  const root = new Party('CN=root')
  const liar = new Party('CN=root')
  const crowd = Array.from({ length: 16 }, () => new Party('CN=crowd'))
  const verdict = validate(crowd[0]!.issue(), crowd.map((one) => liar.certify(one)), [root.root()], { limits: { maxSignatures: 5 } })
  t.match(verdict, { valid: false, step: 'budget_exceeded', detail: 'the decision needs more signatures than the limits allow' })
  t.match(validate(crowd[0]!.issue(), crowd.map((one) => liar.certify(one)), [root.root()], { limits: { maxPaths: 3 } }), { step: 'budget_exceeded', detail: 'the decision needs more paths than the limits allow' })
})

test('finds the way past a cross-certificate that has expired, and past one of a CA that is not trusted', async (t) => {
  const [
    root, old, stranger, ca
  ] = ['root', 'old', 'stranger', 'ca'].map((name) => new Party(`CN=${name}`)) as [Party, Party, Party, Party]
  const expired = old.certify(ca, { notAfter: NOW - 1000 })
  const foreign = stranger.certify(ca)
  const good = root.certify(ca)
  const anchors = [old.root(), root.root()]
  for (const order of [[expired, foreign, good], [good, expired, foreign], [foreign, good, expired]]) {
    t.equal(outcome(ca.issue(), order, anchors), 'valid')
  }
  t.equal(outcome(ca.issue(), [expired, foreign], anchors), 'expired')
})

test('finds the way through a bridge between two hierarchies', async (t) => {
  const [root, mine, bridge, theirs, ca] = ['root', 'mine', 'bridge', 'theirs', 'ca'].map((name) => {
    return new Party(`CN=${name}`)
  }) as [Party, Party, Party, Party, Party]
  const pool = [
    theirs.certify(ca), bridge.certify(theirs), theirs.certify(bridge), mine.certify(bridge), bridge.certify(mine),
    root.certify(mine)
  ]
  const verdict = validate(ca.issue(), pool, [root.root()])
  t.same(
    verdict.valid && verdict.path.map(({ subject }) => subject?.commonName), ['ca', 'theirs', 'bridge', 'mine', 'root']
  )
})

test('tells CAs of one name apart by their signatures', async (t) => {
  const root = new Party('CN=root')
  const [one, two] = [new Party('CN=ca'), new Party('CN=ca')]
  t.equal(outcome(two.issue(), [root.certify(one), root.certify(two)], [root.root()]), 'valid')
  t.equal(outcome(two.issue(), [root.certify(one)], [root.root()]), 'signature_invalid')
  const twins = [new Party('CN=root'), root, new Party('CN=root')].map((party) => party.root())
  t.equal(outcome(root.issue(), [], twins), 'valid', 'anchors too')
})

test('takes certificates in any order, twice, unrelated ones and the anchor itself', async (t) => {
  const [
    root, upper, lower, other
  ] = ['root', 'upper', 'lower', 'other'].map((name) => new Party(`CN=${name}`)) as [Party, Party, Party, Party]
  const pool = [root.root(), other.root(), upper.certify(lower), root.certify(upper), upper.certify(lower)]
  t.equal(outcome(lower.issue(), pool, [root.root(), pool[0]!]), 'valid')
})

test('key identifiers say where to look first, and decide nothing', async (t) => {
  const identifier = (octet: number): Buffer => element(0x04, Buffer.alloc(20, octet))
  const withKeyId = (octet: number): Extension => ({ oid: '2.5.29.14', value: identifier(octet) })
  const wanted = (octet: number): Extension =>
    ({ oid: '2.5.29.35', value: sequence(element(0x80, Buffer.alloc(20, octet))) })
  const root = new Party('CN=root')
  const twins = Array.from({ length: 10 }, () => new Party('CN=ca'))
  const pool = twins.map((twin, index) => root.certify(twin, { extensions: [withKeyId(index)] }))
  const outcomeOf = (named: number): string => outcome(
    twins[9]!.issue('CN=a', { extensions: [wanted(named)] }), pool, [root.root()], { limits: { maxSignatures: 2 } }
  )
  t.equal(outcomeOf(9), 'valid', 'the right one at once')
  t.equal(outcomeOf(1), 'budget_exceeded')
  t.equal(
    outcome(twins[3]!.issue('CN=a', { extensions: [wanted(1)] }), pool.slice(0, 5), [root.root()]),
    'valid',
    'a wrong hint costs time alone'
  )
})

test('goes no deeper than maxDepth', async (t) => {
  const line = Array.from({ length: 5 }, (_, index) => new Party(`CN=${index}`))
  const certificates = line.slice(1).map((party, index) => line[index]!.certify(party))
  const leaf = line[4]!.issue()
  t.equal(outcome(leaf, certificates, [line[0]!.root()]), 'valid')
  t.equal(outcome(leaf, certificates, [line[0]!.root()], { limits: { maxDepth: 4 } }), 'valid')
  t.match(validate(leaf, certificates, [line[0]!.root()], { limits: { maxDepth: 3 } }), { step: 'path_length', detail: /has more than 3 intermediates/ })
})

test('a leaf that is an anchor itself is believed, if it is valid and for the purpose', async (t) => {
  const self = new Party('CN=pinned')
  const leaf = self.issue('CN=pinned', { keys: self.keys })
  const verdict = validate(leaf, [], [leaf])
  t.match(verdict, { valid: true, path: [] })
  t.equal(verdict.valid && verdict.anchor.subject?.commonName, 'pinned')
  t.equal(outcome(leaf, [], [leaf], { purpose: 'serverAuth' }), 'wrong_purpose')
  t.equal(outcome(leaf, [], [leaf], { now: () => NOW * 2 }), 'expired')
  t.equal(outcome(leaf, [], [leaf], { policies: { requireExplicit: true } }), 'policy')
  t.equal(outcome(self.issue('CN=under it'), [], [leaf]), 'not_ca', 'and issues nothing')
})
