import { parsePeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { createTrustEvaluator } from '../src/index.ts'
import type { Authority, Decision } from '../src/index.ts'
import { chainOf, evaluatorOf, outcomeOf, revoked, stubChecker, told } from './support/evaluate.ts'
import { element, sequence } from '@peerkit/test-support/der'
import { NOW, Party, SERVER_AUTH, purposes } from '@peerkit/test-support/mint'

const [root, older, ca] = [new Party('CN=root'), new Party('CN=older'), new Party('CN=ca')]
const anchor = root.root()
const olderAnchor = older.root()
const intermediate = root.certify(ca)
const cross = older.certify(ca)
const leaf = ca.issue()

test('an accepted leaf has its verified chain, who vouched, and when that ends', async (t) => {
  const short = root.certify(ca, { notAfter: NOW + 60_000 })
  const trust = evaluatorOf([anchor])
  const decision = trust.evaluate(leaf, { sent: [short] }) as Decision
  t.match(decision, {
    accepted: true,
    authority: 'default',
    notAfter: NOW + 61_000,
    revalidateAt: Infinity,
    staleUntil: Infinity,
    version: { trust: 0, revocation: 0 }
  })
  t.ok(Object.isFrozen(decision))
  if (!decision.accepted) return
  t.same(decision.peer.raw, Buffer.from(leaf))
  t.same(
    decision.peer.chain?.map(({ raw }) => raw),
    [Buffer.from(short), Buffer.from(anchor)],
    'the root included'
  )
})

test('a decision ends with whichever certificate of the path ends first: leaf, CA or anchor', async (t) => {
  const soon = { notAfter: NOW + 60_000 }
  for (const [what, given, sent, anchors] of [
    ['leaf', ca.issue('CN=leaf', soon), intermediate, anchor],
    ['CA', leaf, root.certify(ca, soon), anchor],
    ['anchor', leaf, intermediate, root.root(soon)]
  ] as const) {
    let now = NOW
    const trust = evaluatorOf([anchors], { now: () => now })
    const decision = trust.evaluate(given, { sent: [sent] }) as Decision
    t.match(decision, { accepted: true, notAfter: NOW + 61_000 }, what)
    if (!decision.accepted) continue
    now = NOW + 60_999
    t.equal(trust.isFresh(decision), true, `${what}: in its last second`)
    t.equal(trust.evaluate(given, { sent: [sent] }), decision, what)
    now = NOW + 61_000
    t.equal(trust.isFresh(decision), false, `${what}: after it`)
    t.match(trust.evaluate(given, { sent: [sent] }), { accepted: false }, what)
  }
})

test('a refused leaf says which certificate is at fault, which step, and why in words', async (t) => {
  const gone = root.certify(ca, { notAfter: NOW - 2_000 })
  const decision = evaluatorOf([anchor]).evaluate(leaf, { sent: [gone] }) as Decision
  t.match(decision, {
    accepted: false,
    reason: 'expired',
    detail: {
      step: 'expired',
      message: /^CN=ca \(sha256:[0-9a-f]{16}\) was valid until 2025-12-31T23:59:58/,
      certificate: { subject: 'CN=ca', fingerprint256: parsePeerIdentity(gone).fingerprint256 }
    }
  })
  t.ok(Object.isFrozen(decision) && !decision.accepted && Object.isExtensible(decision.detail), 'loggers mark it')
})

test('any path is enough: what ends one ends no other, in whichever order it was sent', async (t) => {
  const expired = root.certify(ca, { notAfter: NOW - 2_000 })
  const future = root.certify(ca, { notBefore: NOW + 1_000 })
  const otherKey = root.certify(new Party('CN=ca'))
  const forged = root.certify(ca, { forged: true })
  const twins = [expired, future, otherKey, forged, cross]
  const anchors = [anchor, olderAnchor]
  for (let turn = 0; turn <= twins.length; turn += 1) {
    const sent = [...twins.slice(0, turn), intermediate, ...twins.slice(turn)]
    t.match(outcomeOf(leaf, sent, [anchor]), 'accepted by ca < root', `good one at ${turn}`)
    t.match(outcomeOf(leaf, sent.toReversed(), anchors), /^accepted by ca < (root|older)$/)
  }
  t.equal(outcomeOf(leaf, twins, [anchor]), 'expired/expired', 'without the good one')
  t.equal(outcomeOf(leaf, twins, anchors), 'accepted by ca < older')
})

test('a removed anchor ends the paths to it and no others', async (t) => {
  t.equal(outcomeOf(leaf, [intermediate, cross], [anchor]), 'accepted by ca < root')
  t.equal(outcomeOf(leaf, [intermediate, cross], [olderAnchor]), 'accepted by ca < older')
  t.equal(outcomeOf(leaf, [intermediate, cross], [new Party('CN=next').root()]), 'unknown_ca/unknown_ca')
  const rootCrossed = older.certify(root)
  t.equal(
    outcomeOf(leaf, [intermediate, rootCrossed], [anchor]),
    'accepted by ca < root',
    'a root that was sent cross-signed ends where it is trusted'
  )
  t.equal(outcomeOf(leaf, [intermediate, rootCrossed], [olderAnchor]), 'accepted by ca < root < older')
  const ended = older.certify(root, { notAfter: NOW - 2_000 })
  t.equal(
    outcomeOf(leaf, [ended, intermediate], [anchor, olderAnchor]),
    'accepted by ca < root',
    'also where the cross-signature has ended'
  )
})

test('a missing issuer is named, and the certificate that it issued, as far as the names lead', async (t) => {
  const detailOf = (given: Uint8Array, sent: readonly Uint8Array[]): unknown => {
    const decision = evaluatorOf([anchor]).evaluate(given, { sent }) as Decision
    return decision.accepted ? 'accepted' : decision.detail
  }
  const both = 'was not sent and is neither a trust anchor \\(option ca\\) nor known \\(option intermediates\\)$'
  t.match(detailOf(leaf, []), {
    step: 'unknown_ca',
    message: new RegExp(`^CN=client .* has no path to a trust anchor: its issuer CN=ca ${both}`),
    certificate: { subject: 'CN=client' }
  })
  t.match(detailOf(leaf, [cross]), {
    message: new RegExp(`^CN=client .*: the issuer of CN=ca \\(sha256:[0-9a-f]{16}\\), CN=older, ${both}`),
    certificate: { subject: 'CN=ca' }
  })
  t.match(detailOf(leaf, [cross, olderAnchor]), {
    message: /: it leads to the root CN=older .*, which is not a trust anchor$/,
    certificate: { subject: 'CN=older' }
  })
  const listed = evaluatorOf([intermediate]).evaluate(leaf) as Decision
  t.match(listed, {
    detail: {
      message:
        /: CN=ca .* is in ca, but a path must end at a self-signed certificate, and its issuer CN=root is not in ca$/,
      certificate: { subject: 'CN=ca' }
    }
  })
  const text = element(0x0c, Buffer.alloc(1_100, 'x'))
  const long = sequence(element(0x31, sequence(Buffer.from('0603550403', 'hex'), text)))
  t.match(detailOf(ca.issue('CN=client', { issuerName: long }), []), {
    message: /its issuer a name that is too long to show was not sent/
  })
})

test('what is told is cut at 400 characters, and no character in two', async (t) => {
  const messageOf = (name: string): string => {
    const sent = [new Party(`CN=${name}`).certify(ca)]
    const decision = evaluatorOf([anchor]).evaluate(leaf, { sent }) as Decision
    return decision.accepted ? '' : decision.detail.message
  }
  for (const padding of ['', 'x']) {
    const message = messageOf(padding + '😀'.repeat(200))
    t.ok(message.length <= 401 && message.endsWith('…'))
    t.notMatch(message, /\p{Cs}/u)
  }
})

test('certificates of the configuration stand in for what was not sent, and are trusted for nothing', async (t) => {
  t.equal(outcomeOf(leaf, [], [anchor], { authority: { intermediates: [intermediate] } }), 'accepted by ca < root')
  t.equal(
    outcomeOf(leaf, [], [anchor], { authority: { intermediates: [parsePeerIdentity(intermediate)] } }),
    'accepted by ca < root',
    'parsed or not'
  )
  t.equal(
    outcomeOf(leaf, [], [anchor, intermediate]),
    'accepted by ca < root',
    'an intermediate in ca is one of them'
  )
  t.equal(outcomeOf(leaf, [], [intermediate]), 'unknown_ca/unknown_ca', 'and no anchor')
  t.equal(
    outcomeOf(leaf, [], [olderAnchor], { authority: { intermediates: [intermediate] } }),
    'unknown_ca/unknown_ca'
  )
})

test('of several authorities the first that accepts decides, whatever was sent', async (t) => {
  const make = (...names: readonly string[]): Authority[] =>
    names.map((name) => ({ name, ca: [name === 'one' ? anchor : olderAnchor] }))
  const ask = (authorities: Authority[], sent: readonly Uint8Array[]): Decision =>
    createTrustEvaluator({ authorities: () => authorities, now: () => NOW }).evaluate(leaf, { sent }) as Decision
  for (const sent of [
    [intermediate, cross],
    [cross, intermediate]
  ]) {
    t.match(ask(make('one', 'other'), sent), { accepted: true, authority: 'one' })
    t.match(ask(make('other', 'one'), sent), { accepted: true, authority: 'other' })
  }
  t.match(ask(make('one', 'other'), [cross]), { accepted: true, authority: 'other' })
  const expired = root.certify(ca, { notAfter: NOW - 2_000 })
  const next = { name: 'next', ca: [new Party('CN=next').root()] }
  for (const authorities of [
    [...make('one'), next],
    [next, ...make('one')]
  ]) {
    t.match(
      ask(authorities, [expired]),
      { accepted: false, reason: 'expired' },
      'one that knows the issuer says more than one that does not'
    )
  }
  t.match(ask([], []), { accepted: false, reason: 'unknown_ca', detail: { step: 'anchors_invalid' } })
})

test('a leaf that one authority knows as revoked is not asked about elsewhere, at once or later', async (t) => {
  for (const later of [false, true]) {
    const revocation = [stubChecker({ client: later ? async () => revoked() : revoked() } as any)]
    const asked = stubChecker()
    const trust = createTrustEvaluator({
      authorities: () => [
        { name: 'one', ca: [anchor], revocation },
        { name: 'other', ca: [olderAnchor], revocation: [asked] }
      ],
      now: () => NOW
    })
    t.match(await trust.evaluate(leaf, { sent: [intermediate, cross] }), {
      accepted: false,
      reason: 'revoked',
      detail: { step: 'revoked' }
    })
    t.strictSame(asked.asked, [])
    t.match(
      await trust.evaluate(leaf, { sent: [cross] }),
      { accepted: true, authority: 'other' },
      'one that is not asked does not answer'
    )
  }
})

test('an authority that refuses later makes room for the next', async (t) => {
  const revocation = [stubChecker({ ca: async () => revoked('cACompromise') } as any)]
  const trust = createTrustEvaluator({
    authorities: () => [
      { name: 'one', ca: [anchor], revocation },
      { name: 'other', ca: [olderAnchor] }
    ],
    now: () => NOW
  })
  t.match(await trust.evaluate(leaf, { sent: [intermediate, cross] }), { accepted: true, authority: 'other' })
})

test('an old and a new key of one CA: the rollover certificates lead from one to the other', async (t) => {
  const renewed = new Party('CN=root')
  const newAnchor = renewed.root()
  const [newByOld, oldByNew] = [root.certify(renewed), renewed.certify(root)]
  const fresh = renewed.issue()
  t.equal(outcomeOf(fresh, [newByOld], [anchor]), 'accepted by root < root')
  t.equal(outcomeOf(root.issue(), [oldByNew], [newAnchor]), 'accepted by root < root')
  t.equal(outcomeOf(fresh, [], [anchor]), 'unknown_ca/signature_invalid')
  t.equal(outcomeOf(fresh, [newByOld, newAnchor], [anchor, newAnchor]), 'accepted by root')
})

test('the purpose is a setting, client by default', async (t) => {
  const server = ca.issue('CN=server', { extensions: [purposes(SERVER_AUTH)] })
  t.equal(outcomeOf(server, [intermediate], [anchor]), 'wrong_purpose/wrong_purpose')
  t.equal(outcomeOf(server, [intermediate], [anchor], { purpose: 'serverAuth' }), 'accepted by ca < root')
  t.equal(outcomeOf(leaf, [intermediate], [anchor], { purpose: 'serverAuth' }), 'wrong_purpose/wrong_purpose')
  t.equal(outcomeOf(intermediate, [], [anchor]), 'ca_as_leaf/ca_as_leaf')
})

test('a leaf that is an anchor itself needs no path', async (t) => {
  const own = new Party('CN=client')
  const selfSigned = own.issue('CN=client', { keys: own.keys })
  const decision = evaluatorOf([selfSigned], {
    authority: { revocation: [stubChecker({ client: revoked() })] }
  }).evaluate(selfSigned) as Decision
  t.match(decision, { accepted: true, peer: { chain: [] } }, 'nobody but who configured it revokes it')
  t.same(chainOf(decision), [])
  t.match(told(evaluatorOf([anchor]).evaluate(selfSigned)), /^unknown_ca/)
})
