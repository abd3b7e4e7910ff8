import { createPartialIdentity, claimsOf, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { createTrustEvaluator } from '../src/index.ts'
import type { Accepted, Authority, Decision, TrustEvaluator, TrustEvaluatorOptions } from '../src/index.ts'
import { good, revoked, stubChecker, told, unknown } from './support/evaluate.ts'
import type { StubChecker } from './support/evaluate.ts'
import { element } from '@peerkit/test-support/der'
import { CLIENT_AUTH, NOW, Party, SERVER_AUTH, altNames, dns, purposes } from '@peerkit/test-support/mint'

const [a, b, ca, bCa] = [new Party('CN=A'), new Party('CN=B'), new Party('CN=ca'), new Party('CN=ca')]
const [aRoot, bRoot] = [a.root(), b.root()]
const spiffe = (id: string): Buffer => element(0x86, Buffer.from(id))
const named = (...names: readonly Uint8Array[]) => ({ extensions: [altNames(...names)] })

const evaluator = (
  authorities: () => readonly Authority[], options: Partial<TrustEvaluatorOptions> = {}
): TrustEvaluator =>
  createTrustEvaluator({ authorities, now: () => NOW, ...options })
const ask = (trust: TrustEvaluator, leaf: Uint8Array, sent: readonly Uint8Array[] = []): Decision =>
  trust.evaluate(leaf, { sent }) as Decision

const two: readonly Authority[] = [
  { name: 'internal', ca: [aRoot], names: { spiffe: 'spiffe://a.example', dns: 'a.example', subject: 'any' } },
  { name: 'partner', ca: [bRoot], names: { spiffe: 'spiffe://b.example' } }
]

test('an authority vouches for its own names: what is outside is refused, what it does not mention ' +
  'is unknown', async (t) => {
  const trust = evaluator(() => two)
  const inside = ask(
    trust, b.issue('CN=x, OU=billing', named(spiffe('spiffe://b.example/web'), dns('web.a.example')))
  ) as Accepted
  t.match(inside, {
    accepted: true,
    authority: 'partner',
    serverAuthOnly: false,
    peer: { authority: 'partner', spiffeId: 'spiffe://b.example/web', subject: undefined }
  })
  t.same(inside.peer.notBelieved, ['subject', 'dns', 'uri', 'email', 'ip', 'upn', 'policy', 'registeredId', 'qualified', 'admission', 'extension'])
  t.same([...inside.peer.subjectAltNames!.unknown].sort(), ['directoryName', 'dns', 'email', 'ip', 'otherName', 'registeredId', 'uri'])
  t.equal(claimsOf(inside.peer).subject?.organizationalUnit, 'billing')

  const foreign = ask(trust, b.issue('CN=x', named(spiffe('spiffe://a.example/billing'))))
  t.match(foreign, {
    accepted: false,
    reason: 'outside_authority',
    detail: {
      step: 'outside_authority',
      message:
        /^spiffe:\/\/a\.example\/billing \(sha256:.*\) has the SPIFFE ID "spiffe:\/\/a\.example\/billing", which is outside of what authority "partner" vouches for \(spiffe: spiffe:\/\/b\.example\)$/,
      certificate: { subject: 'CN=x' }
    }
  })
  t.match(
    ask(trust, a.issue('CN=x, OU=billing', named(dns('web.a.example')))),
    { accepted: true, peer: { authority: 'internal', subject: { organizationalUnit: 'billing' } } }
  )
  t.match(
    ask(trust, a.issue('CN=x', named(dns('web.b.example')))),
    { reason: 'outside_authority', detail: { message: /DNS name "web\.b\.example".*\(dns: a\.example\)/ } }
  )
})

test('an intermediate of one authority with the name and key identifier of another vouches for its own ' +
  'authority alone', async (t) => {
  const mimic = new Party('CN=A')
  const trust = evaluator(() => two)
  const leaf = mimic.issue('CN=x, OU=billing', named(spiffe('spiffe://b.example/x')))
  t.match(ask(trust, leaf, [b.certify(mimic)]), { accepted: true, authority: 'partner', peer: { subject: undefined } })
  t.match(ask(trust, leaf, [b.certify(mimic), aRoot]), { accepted: true, authority: 'partner' })
  t.match(
    ask(trust, mimic.issue('CN=x', named(spiffe('spiffe://a.example/x'))), [b.certify(mimic)]),
    { reason: 'outside_authority' }
  )
})

test('the first declared authority that accepts decides, whatever was sent and in whatever order', async (t) => {
  // One intermediate, certified by both.
  const [byA, byB] = [a.certify(ca), b.certify(ca)]
  const leaf = ca.issue('CN=x', named(spiffe('spiffe://b.example/x')))
  const wide = (name: string, root: Uint8Array): Authority => ({ name, ca: [root] })
  for (const sent of [[byA, byB], [byB, byA]]) {
    t.match(ask(evaluator(() => [wide('a', aRoot), wide('b', bRoot)]), leaf, sent), { authority: 'a' })
    t.match(ask(evaluator(() => [wide('b', bRoot), wide('a', aRoot)]), leaf, sent), { authority: 'b' })
    t.match(ask(evaluator(() => two), leaf, sent), { authority: 'partner' }, 'the first refuses the name')
  }
  t.match(ask(evaluator(() => [wide('a', aRoot), wide('b', bRoot)]), leaf, [byB]), { authority: 'b' })
})

test('a leaf that one authority knows to be revoked is not accepted by another', async (t) => {
  const [byA, byB] = [a.certify(ca), b.certify(ca)]
  const leaf = ca.issue()
  const lists = stubChecker({ client: revoked() })
  const clean = stubChecker()
  const trust = (order: 'ab' | 'ba', checker = lists) => evaluator(() => {
    const both: Authority[] = [
      { name: 'a', ca: [aRoot], revocation: [checker] }, { name: 'b', ca: [bRoot], revocation: [clean] }
    ]
    return order === 'ab' ? both : both.toReversed()
  })
  for (const order of ['ab', 'ba'] as const) {
    t.equal(told(ask(trust(order), leaf, [byA, byB])), 'revoked/revoked', order)
  }
  t.match(
    ask(trust('ba', stubChecker({ client: unknown() })), leaf, [byA, byB]), { authority: 'b' },
    'what the other does not know is no word'
  )
  t.match(ask(trust('ab', stubChecker({ client: unknown() })), leaf, [byA, byB]), { authority: 'b' })
  const later = stubChecker({ client: Promise.resolve(revoked()) })
  t.equal(told(await trust('ba', later).evaluate(leaf, { sent: [byA, byB] })), 'revoked/revoked')
})

test('each of several others is asked whether it knows a leaf to be revoked, and by each of its checkers', async (t) => {
  const third = new Party('CN=C')
  const sent = [a.certify(ca), b.certify(ca), third.certify(ca)]
  const [clean, lists] = [stubChecker(), stubChecker({ client: revoked() })]
  const outcome = async (ofB: readonly StubChecker[], ofC: readonly StubChecker[]): Promise<string> => {
    const trust = evaluator(() => [
      { name: 'a', ca: [aRoot] }, { name: 'b', ca: [bRoot], revocation: ofB },
      { name: 'c', ca: [third.root()], revocation: ofC }
    ])
    return told(await trust.evaluate(ca.issue(), { sent }))
  }
  t.equal(await outcome([clean], [stubChecker()]), 'accepted by ca < A')
  t.equal(await outcome([clean], [lists]), 'revoked/revoked', 'the last authority')
  t.equal(await outcome([clean, lists], []), 'revoked/revoked', 'the second checker of one')
  const later = stubChecker({ client: Promise.resolve(revoked()) })
  t.equal(await outcome([stubChecker({ client: Promise.resolve(good()) })], [later]), 'revoked/revoked', 'later')
})

test('each authority has its own revocation, algorithms and partial paths', async (t) => {
  const partner = stubChecker({ client: revoked() })
  const trust = evaluator(() => [{ name: 'a', ca: [aRoot] }, { name: 'b', ca: [bRoot], revocation: [partner] }])
  t.equal(told(ask(trust, a.issue())), 'accepted by A')
  t.equal(told(ask(trust, b.issue())), 'revoked/revoked')

  const strict = evaluator(() => [{ name: 'a', ca: [aRoot], algorithms: { signatures: ['ed25519'] } }, { name: 'b', ca: [bRoot] }])
  t.equal(told(ask(strict, a.issue())), 'weak/algorithm_refused')
  t.equal(told(ask(strict, b.issue())), 'accepted by B')

  const partial = (given: boolean) => evaluator(() => [{ name: 'a', ca: [a.certify(ca)], partial: given }])
  t.equal(told(ask(partial(true), ca.issue())), 'accepted by ca')
  t.match(told(ask(partial(false), ca.issue())), /^unknown_ca/)
  t.match(told(ask(partial(true), a.issue())), /^unknown_ca/)
})

test('an authority that goes, shrinks or grows changes what is decided of its clients, and of ' +
  'nobody else', async (t) => {
  let [version, authorities] = [1, two]
  const trust = evaluator(() => authorities, { version: () => version })
  const mine = a.issue('CN=x', named(spiffe('spiffe://a.example/x')))
  const theirs = b.issue('CN=y', named(spiffe('spiffe://b.example/y'), dns('y.b.example')))
  const before = ask(trust, mine) as Accepted
  t.match(ask(trust, theirs), { accepted: true, peer: { authority: 'partner' } })
  const set = (names: Authority['names'] | undefined): void => {
    version += 1
    authorities = [two[0]!, ...(names === undefined ? [] : [{ name: 'partner', ca: [bRoot], names }])]
  }
  set({ spiffe: 'spiffe://b.example', dns: 'b.example' })
  t.match(ask(trust, theirs), { accepted: true, peer: { subjectAltNames: { dns: ['y.b.example'] } } }, 'widened')
  set({ spiffe: 'spiffe://b.example', dns: 'other.example' })
  t.equal(told(ask(trust, theirs)), 'outside_authority/outside_authority')
  set({ spiffe: 'spiffe://b.example/z' })
  t.equal(told(ask(trust, theirs)), 'outside_authority/outside_authority')
  set(undefined)
  t.match(told(ask(trust, theirs)), /^unknown_ca/)
  t.equal((ask(trust, mine) as Accepted).peer, before.peer, 'the same identity as before')
})

test('a certificate for servers counts until the day that is set, for no other fault, and only ' +
  'under bounds', async (t) => {
  const until = NOW + 1_000
  const day: Authority = { name: 'public', ca: [aRoot], names: { dns: 'a.example' }, serverAuthOnlyUntil: until }
  let now = NOW
  const trust = evaluator(() => [day], { now: () => now })
  const make = (options: readonly string[], name = 'x.a.example') =>
    ({ extensions: [purposes(...options), altNames(dns(name))] })
  const leaf = a.issue('CN=x', make([SERVER_AUTH]))
  t.match(ask(trust, leaf), { accepted: true, serverAuthOnly: true, notAfter: until })
  t.match(ask(trust, a.issue('CN=x', make([SERVER_AUTH, CLIENT_AUTH]))), { accepted: true, serverAuthOnly: false })
  t.equal(told(ask(trust, a.issue('CN=x', make(['1.3.6.1.5.5.7.3.3'])))), 'wrong_purpose/wrong_purpose')
  t.equal(told(ask(trust, a.issue('CN=x', make([SERVER_AUTH], 'x.b.example')))), 'outside_authority/outside_authority')
  t.equal(told(ask(trust, a.issue('CN=x', { ...make([SERVER_AUTH]), notAfter: NOW - 1_000 }))), 'expired/expired')
  const narrow = a.certify(ca, { extensions: [purposes(SERVER_AUTH)] })
  t.match(ask(trust, ca.issue('CN=y', make([CLIENT_AUTH, SERVER_AUTH])), [narrow]), { accepted: true, serverAuthOnly: true }, 'a CA above it may lack it too')
  t.equal(told(ask(trust, ca.issue('CN=y', make([CLIENT_AUTH])), [narrow])), 'wrong_purpose/wrong_purpose', 'a path for neither')
  const [upper, lower] = [new Party('CN=upper'), new Party('CN=lower')]
  const [forClients, forBoth] = [[purposes(CLIENT_AUTH)], [purposes(CLIENT_AUTH, SERVER_AUTH)]]
  for (const [above, below] of [[forClients, forBoth], [forBoth, forClients]]) {
    const sent = [a.certify(upper, { extensions: above! }), upper.certify(lower, { extensions: below! })]
    const mixed = lower.issue('CN=y', make([SERVER_AUTH]))
    t.equal(told(ask(trust, mixed, sent)), 'wrong_purpose/wrong_purpose', 'a CA for clients alone above one for servers')
    t.match(ask(trust, lower.issue('CN=y', make([CLIENT_AUTH])), sent), { accepted: true, serverAuthOnly: false })
  }
  const addressed = element(0x87, Buffer.from([192, 0, 2, 1]))
  t.match(ask(trust, a.issue('CN=x.a.example', { extensions: [purposes(SERVER_AUTH), altNames(addressed)] })), {
    reason: 'outside_authority',
    detail: { message: /is for servers only and has no name of the kinds that authority "public" vouches for/ }
  })
  t.match(
    ask(trust, a.issue('CN=x.a.example', { extensions: [altNames(addressed)] })),
    { accepted: true },
    'one for clients may have no name'
  )
  now = until - 1
  t.match(ask(trust, leaf), { accepted: true })
  now = until
  t.equal(told(ask(trust, leaf)), 'wrong_purpose/wrong_purpose')
  for (const names of ['any', {}, { dns: 'any' }, { dns: undefined as never }] as const) {
    t.throws(
      () => evaluator(() => [{ ...day, names }]), { message: /serverAuthOnlyUntil needs .*names, none of them "any"/ }
    )
  }
  t.match(
    ask(evaluator(() => [{ ...day, serverAuthOnlyUntil: until }], { purpose: 'serverAuth' }), leaf),
    { accepted: true, serverAuthOnly: false }
  )
})

test('authorities that cannot be told apart are refused', async (t) => {
  const refusal = (authorities: readonly Authority[], message: RegExp): void => {
    t.throws(() => evaluator(() => authorities), { code: 'MTLS_ERR_PATH_OPTION', message })
  }
  refusal([{ name: 'a', ca: [aRoot] }, { name: 'a', ca: [bRoot] }], /has two authorities named "a"/)
  refusal([{ name: 'a', ca: [aRoot] }, { name: 'b', ca: [a.root()] }], /"a" and "b" both have CN=A .*; expected each CA in one authority/)
  refusal([{ name: '', ca: [aRoot] }], /name is an empty string; expected a name/)
  refusal([{ name: 'a', ca: [aRoot], partial: 'yes' as never }], /partial is "yes"; expected true or false/)
  refusal([{ name: 'a', ca: [aRoot], names: { dns: 'a.example' }, serverAuthOnlyUntil: Number.NaN }], /serverAuthOnlyUntil is NaN/)
  refusal([{ name: 'a', ca: [aRoot], names: { dsn: '' } as never }], /unknown option "dsn" for authorities\(\)\[0\]\.names/)
})

test('of a thousand authorities those are asked that a path may lead to', async (t) => {
  const many: Authority[] = Array.from(
    { length: 1_000 }, (_, index) => ({ name: `n${index}`, ca: [new Party(`CN=N${index}`, { keys: bCa.keys }).root()] })
  )
  const trust = evaluator(() => [...many, { name: 'last', ca: [aRoot] }], { limits: { maxSignatures: 2 } })
  t.match(ask(trust, a.issue()), { authority: 'last' })
  t.match(ask(trust, ca.issue(), [a.certify(ca)]), { authority: 'last' })
  t.match(told(ask(trust, new Party('CN=stranger').issue())), /^unknown_ca\/unknown_ca/)
  t.match(told(ask(trust, new Party('CN=N7').issue())), /^unknown_ca\/signature_invalid/)
  t.equal(createPartialIdentity({ subject: 'CN=x' }).authority, undefined)
})

test('a certificate of many names costs a bounded number of comparisons, however many paths lead to it', async (t) => {
  const names = Array.from({ length: 9_000 }, (_, index) => element(0x87, Buffer.from([10, 0, index >> 8, index & 0xff])))
  const bounded = evaluator(() => {
    return [{ name: 'a', ca: [aRoot], names: { ip: Array.from({ length: 10 }, (_, index) => `10.${index}.0.0/16`) } }]
  })
  t.match(ask(bounded, a.issue('CN=x', named(...names))), {
    reason: 'bad_chain',
    detail: {
      step: 'budget_exceeded',
      message: /need 90000 comparisons with what authority "a" vouches for; expected at most 4096/
    }
  })
})

test('authorities are read again after a new version, unless nobody can have changed them', (t) => {
  const [rootA, rootB] = [parsePeerIdentity(aRoot), parsePeerIdentity(bRoot)]
  const leaf = b.issue('CN=x', named(spiffe('spiffe://b.example/web')))
  const names = Object.freeze({ spiffe: 'spiffe://b.example' })
  let version = 1
  let ca: readonly PeerIdentity[] = Object.freeze([rootA])
  const frozen = (): Authority => Object.freeze({ name: 'x', ca, names, intermediates: Object.freeze([]), revocation: Object.freeze([]) })
  const shifting = Object.freeze({ name: 'x', names, get ca () { return ca } })
  const mutable: { name: string, ca: readonly PeerIdentity[] } = { name: 'x', ca }
  const lists = Object.freeze({ name: 'x', ca: [rootA], names })
  const bytes = Buffer.from(bRoot)
  const inPlace = Object.freeze({ name: 'x', ca: Object.freeze([bytes]), names })
  const besideOthers = Object.freeze({ name: 'x', ca: Object.freeze([rootA, bytes]), names })
  const openNames = Object.freeze({ name: 'x', ca: Object.freeze([rootB]), names: { spiffe: 'spiffe://a.example' } })
  const asked = new Map([frozen, () => shifting, () => mutable, () => lists, () => inPlace, () => openNames, () => besideOthers].map((authority, index) => {
    return [index, evaluator(() => [authority()], { version: () => version })]
  }))
  /** The bytes of the right root, until they are overwritten. */
  const hasBytes = (index: number): boolean => index === 4 || index === 6
  for (const [index, trust] of asked) t.equal(ask(trust, leaf).accepted, hasBytes(index), `${index} before`)
  version += 1
  ca = Object.freeze([rootB])
  mutable.ca = ca
  lists.ca.splice(0, 1, rootB)
  bytes.fill(0)
  openNames.names.spiffe = 'spiffe://b.example'
  for (const [index, trust] of asked) t.equal(ask(trust, leaf).accepted, !hasBytes(index), `${index} after`)
  const one = frozen()
  const kept = evaluator(() => [one], { version: () => version })
  t.equal(ask(kept, leaf).accepted, true)
  version += 1
  t.equal(ask(kept, leaf).accepted, true, 'the same frozen authority')
  t.end()
})

test('of two authorities that issued a leaf and refuse it, the first one says why', (t) => {
  const leaf = ca.issue('CN=x', named(dns('web.c.example')))
  const sent = [a.certify(ca), b.certify(ca)]
  const [first, second] = [{ name: 'a', ca: [aRoot], names: { dns: 'a.example' } }, { name: 'b', ca: [bRoot], names: { dns: 'b.example' } }]
  const why = (...authorities: readonly Authority[]): unknown => ask(evaluator(() => authorities), leaf, sent)
  t.match(why(first, second), { reason: 'outside_authority', detail: { message: /authority "a" vouches for/ } })
  t.match(why(second, first), { reason: 'outside_authority', detail: { message: /authority "b" vouches for/ } })
  const unknowing = { ...second, names: 'any', revocation: [stubChecker({ x: unknown() })] } as const
  t.match(why(first, unknowing), { reason: 'outside_authority', detail: { message: /authority "a" vouches for/ } })
  t.match(why(unknowing, first), { reason: 'revocation_unknown' })
  t.end()
})

test('signatures on configured intermediates are verified before a leaf comes, and not at its expense', (t) => {
  const authorities = [{ name: 'a', ca: [aRoot], intermediates: [a.certify(ca)] }]
  t.match(ask(evaluator(() => authorities, { limits: { maxSignatures: 1 } }), ca.issue()), { accepted: true })
  t.match(
    ask(evaluator(() => [{ name: 'a', ca: [aRoot] }], { limits: { maxSignatures: 1 } }), ca.issue(), [a.certify(ca)]),
    { accepted: false, detail: { step: 'budget_exceeded' } }, 'one that was sent is'
  )
  t.end()
})
