import { parsePeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import type { Decision } from '../src/index.ts'
import { element, sequence } from '@peerkit/test-support/der'
import { evaluatorOf, later, outcomeOf, revoked, stubChecker, told } from './support/evaluate.ts'
import { NOW, Party, altNames, dns, nameConstraints, newKeys } from '@peerkit/test-support/mint'

const [root, ca] = [new Party('CN=root'), new Party('CN=ca')]
const anchor = root.root()
const intermediate = root.certify(ca)
const leaf = ca.issue()
const GARBAGE_NAME = sequence(
  element(0x31, sequence(Buffer.from('0603550403', 'hex'), element(0x0c, Buffer.from([0xff, 0xfe]))))
)

test('a leaf that cannot be read is refused, and named as far as it can be', async (t) => {
  const trust = evaluatorOf([anchor])
  for (const [bytes, certificate] of [
    [new Uint8Array(0), { subject: undefined, serialNumber: undefined }],
    [Buffer.from('no certificate'), { subject: undefined }],
    [
      Buffer.concat([leaf, Buffer.from([0])]),
      { subject: 'CN=client', serialNumber: parsePeerIdentity(leaf).serialNumber }
    ]
  ] as const) {
    t.match(trust.evaluate(bytes), {
      accepted: false,
      reason: 'unreadable',
      detail: {
        step: 'unreadable',
        message: /^the certificate cannot be read: /,
        certificate: { ...certificate, fingerprint256: /^[0-9a-f]{64}$/ }
      }
    })
  }
  const inside = ca.issue('CN=client', {
    extensions: [{ oid: '2.5.29.17', value: Buffer.from('3003820161ff', 'hex') }]
  })
  t.match(trust.evaluate(inside, { sent: [intermediate] }), {
    accepted: false,
    reason: 'unreadable',
    detail: {
      step: 'unreadable',
      message: /^CN=client .*cannot be read/,
      certificate: { subject: 'CN=client' }
    }
  })
  const nameless = ca.issue('CN=client', { issuerName: GARBAGE_NAME })
  t.match(trust.evaluate(nameless, { sent: [intermediate] }), {
    accepted: false,
    reason: 'unreadable',
    detail: { step: 'unreadable', certificate: { subject: 'CN=client' } }
  })
})

test('a leaf that is too large is refused before it is read', async (t) => {
  t.match(
    evaluatorOf([anchor], { limits: { maxLeafBytes: leaf.length - 1 } }).evaluate(leaf, { sent: [intermediate] }),
    {
      accepted: false,
      reason: 'unreadable',
      detail: {
        step: 'too_large',
        message: `the certificate has ${leaf.length} octets; at most ${leaf.length - 1}`,
        certificate: { subject: 'CN=client' }
      }
    }
  )
  t.match(evaluatorOf([anchor], { limits: { maxLeafBytes: leaf.length } }).evaluate(leaf, { sent: [intermediate] }), {
    accepted: true
  })
})

test('an unreadable certificate beside the leaf is ignored, and the others are used', async (t) => {
  const unreadable = [
    new Uint8Array(0),
    Buffer.from('no certificate'),
    intermediate.subarray(0, 100),
    Buffer.concat([intermediate, Buffer.from([0])]),
    root.certify(ca, { subjectName: GARBAGE_NAME }),
    root.certify(ca, { issuerName: GARBAGE_NAME }),
    root.certify(ca, { extensions: [{ oid: '2.5.29.30', value: Buffer.from([5, 0]) }] })
  ]
  for (const [index, junk] of unreadable.entries()) {
    t.equal(outcomeOf(leaf, [junk, intermediate], [anchor]), 'accepted by ca < root', `${index} before`)
    t.equal(outcomeOf(leaf, [intermediate, junk], [anchor]), 'accepted by ca < root', `${index} after`)
    // Its signature is the root's: so far the last one is read, and no further.
    t.match(
      outcomeOf(leaf, [junk], [anchor]),
      index === 6 ? 'unreadable/unreadable' : 'unknown_ca/unknown_ca',
      `${index} alone`
    )
  }
  t.equal(outcomeOf(leaf, [...unreadable, intermediate], [anchor]), 'accepted by ca < root', 'all of them')
})

test('a path is found behind a candidate whose issuer cannot be read', async (t) => {
  const [other, cross] = [new Party('CN=other'), root.certify(ca, { issuerName: GARBAGE_NAME })]
  const bad = other.certify(ca)
  const answer = later()
  const checker = stubChecker({ [parsePeerIdentity(bad).fingerprint256!]: () => answer.promise })
  const trust = evaluatorOf([other.root(), anchor], { authority: { revocation: [checker] } })
  const decided = trust.evaluate(leaf, { sent: [bad, cross, intermediate] })
  answer.settle(revoked())
  t.equal(told(await decided), 'accepted by ca < root')
})

test('no more certificates are looked at than the limits allow', async (t) => {
  const junk = Array.from({ length: 16 }, (_, index) => new Party(`CN=junk ${index}`).root())
  t.equal(outcomeOf(leaf, [...junk.slice(0, 15), intermediate], [anchor]), 'accepted by ca < root')
  t.equal(outcomeOf(leaf, [...junk, intermediate], [anchor]), 'unknown_ca/unknown_ca', 'the seventeenth')
  const octets = intermediate.length + junk[0]!.length
  t.equal(
    outcomeOf(leaf, [junk[0]!, intermediate], [anchor], { limits: { maxBytes: octets } }),
    'accepted by ca < root'
  )
  t.equal(
    outcomeOf(leaf, [junk[0]!, intermediate], [anchor], { limits: { maxBytes: octets - 1 } }),
    'unknown_ca/unknown_ca'
  )
})

test('the same certificate sent many times is one', async (t) => {
  t.equal(
    outcomeOf(leaf, Array(16).fill(intermediate), [anchor], { limits: { maxSteps: 1, maxSignatures: 2 } }),
    'accepted by ca < root'
  )
})

test('the work is bounded, and the refusal tells what was found within the bound', async (t) => {
  const crowd = Array.from({ length: 16 }, () => root.certify(new Party('CN=ca')))
  t.equal(
    outcomeOf(leaf, crowd, [anchor]),
    'bad_chain/budget_exceeded',
    'sixteen keys of one name are one signature each, and twelve are verified'
  )
  t.equal(
    outcomeOf(leaf, crowd.slice(0, 6), [anchor], { limits: { maxSignatures: 12 } }),
    'unknown_ca/signature_invalid'
  )
  t.equal(outcomeOf(leaf, [intermediate], [anchor], { limits: { maxSignatures: 2 } }), 'accepted by ca < root')
  t.equal(outcomeOf(leaf, [intermediate], [anchor], { limits: { maxSignatures: 1 } }), 'bad_chain/budget_exceeded')
  t.equal(outcomeOf(leaf, [intermediate], [anchor], { limits: { maxSteps: 0 } }), 'bad_chain/budget_exceeded')
  t.equal(outcomeOf(leaf, [intermediate], [anchor], { limits: { maxPaths: 0 } }), 'bad_chain/budget_exceeded')
  t.equal(outcomeOf(leaf, [intermediate], [anchor], { limits: { maxDepth: 0 } }), 'bad_chain/path_length')
  const constrained = root.certify(ca, { extensions: [nameConstraints([dns('example.com')])] })
  const named = ca.issue('CN=client', { extensions: [altNames(dns('a.example.com'))] })
  t.equal(outcomeOf(named, [constrained], [anchor]), 'accepted by ca < root')
  t.equal(
    outcomeOf(named, [constrained], [anchor], { limits: { maxNameConstraintComparisons: 0 } }),
    'bad_chain/budget_exceeded'
  )
})

test('a key that is slow to verify with spends more of the budget', async (t) => {
  const crowdOf = (curve: string): Uint8Array[] =>
    Array.from({ length: 6 }, () => root.certify(new Party('CN=ca', { keys: newKeys(curve) })))
  const limits = { maxSignatures: 12 }
  t.equal(outcomeOf(leaf, crowdOf('P-256'), [anchor], { limits }), 'unknown_ca/signature_invalid')
  t.equal(outcomeOf(leaf, crowdOf('P-384'), [anchor], { limits }), 'bad_chain/budget_exceeded')
  t.equal(outcomeOf(leaf, crowdOf('P-521'), [anchor], { limits }), 'bad_chain/budget_exceeded')
})

test('revocation is asked about a bounded number of paths, and the refusal tells its answer, ' +
  'not the bound', async (t) => {
  const twins = Array.from({ length: 4 }, () => root.certify(ca))
  const checker = stubChecker({ ca: revoked('cACompromise') })
  const options = { authority: { revocation: [checker] }, limits: { maxRevocationChecks: 2 } }
  t.equal(outcomeOf(leaf, twins, [anchor], options), 'revoked/revoked')
  t.equal(checker.asked.filter((name) => name === 'ca').length, 2)
  t.equal(
    outcomeOf(leaf, twins, [anchor], { ...options, limits: { maxRevocationChecks: 0 } }),
    'bad_chain/budget_exceeded'
  )
})

test("the time is that of the evaluator's clock, the last second included", async (t) => {
  let time = NOW
  const short = ca.issue('CN=short', { notAfter: NOW + 5_000 })
  const trust = evaluatorOf([anchor], { now: () => time })
  const ask = (): Decision => trust.evaluate(short, { sent: [intermediate] }) as Decision
  t.match(ask(), { accepted: true, notAfter: NOW + 6_000 })
  time = NOW + 5_999
  t.match(ask(), { accepted: true })
  time = NOW + 6_000
  t.match(ask(), { accepted: false, reason: 'expired' }, 'remembered or not')
})

test('a refusal tells nothing of certificates above a forged signature, since a stranger may send any', async (t) => {
  const server = ca.issue('CN=ledger')
  const forger = new Party('CN=ledger')
  t.equal(outcomeOf(forger.issue('CN=stranger'), [server, intermediate], [anchor]), 'unknown_ca/signature_invalid')
  const ended = root.certify(ca, { notAfter: NOW - 86_400_000 })
  const twin = new Party('CN=ca')
  t.equal(outcomeOf(twin.issue('CN=stranger'), [ended], [anchor]), 'unknown_ca/signature_invalid')
  t.equal(outcomeOf(leaf, [ended], [anchor]), 'expired/expired', 'whose signature is right is told')
})
