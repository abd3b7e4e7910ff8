import { claimsOf } from '@peerkit/identity'
import type { CertificateFlaw } from '@peerkit/identity'
import { test } from 'tap'
import { createTrustEvaluator } from '../src/index.ts'
import type { Accepted, Authority, BlockList, Decision, TrustEvaluator, TrustEvaluatorOptions } from '../src/index.ts'
import { told } from './support/evaluate.ts'
import { element } from '@peerkit/test-support/der'
import { NOW, Party, altNames, dns, nameConstraints } from '@peerkit/test-support/mint'

const BOTH: readonly CertificateFlaw[] = ['alt-names', 'serial-number']
const [a, b, ca] = [new Party('CN=A'), new Party('CN=B'), new Party('CN=ca')]
const [aRoot, bRoot] = [a.root(), b.root()]
const email = (text: string): Buffer => element(0x81, Buffer.from(text, 'latin1'))
const uri = (text: string): Buffer => element(0x86, Buffer.from(text, 'latin1'))
const ip = (...octets: readonly number[]): Buffer => element(0x87, Buffer.from(octets))
const named = (...names: readonly Uint8Array[]) => ({ extensions: [altNames(...names)] })
const JUERGEN = email('j\xfcrgen@example.org')
const MINUS_ONE = { serialNumber: Buffer.from([0xff]) }

const evaluator = (
  authorities: () => readonly Authority[], options: Partial<TrustEvaluatorOptions> = {}
): TrustEvaluator => createTrustEvaluator({ authorities, now: () => NOW, ...options })
const one = (more: Partial<Authority> = {}, options: Partial<TrustEvaluatorOptions> = {}): TrustEvaluator =>
  evaluator(() => [{ name: 'a', ca: [aRoot], tolerate: BOTH, ...more }], options)
const ask = (trust: TrustEvaluator, leaf: Uint8Array, sent: readonly Uint8Array[] = []): Decision =>
  trust.evaluate(leaf, { sent }) as Decision

test('flaws are refused by default, and tolerated by the authority that says so, and told', (t) => {
  const leaf = a.issue('CN=x', { ...named(JUERGEN), ...MINUS_ONE })
  t.equal(told(ask(one({ tolerate: [] }), leaf)), 'unreadable/unreadable')
  for (const flaw of BOTH) t.equal(told(ask(one({ tolerate: [flaw] }), leaf)), 'unreadable/unreadable')
  const decision = ask(one(), leaf) as Accepted
  t.match(decision, { accepted: true, tolerated: ['alt-names', 'serial-number'] })
  t.match(decision.peer, { tolerated: ['alt-names', 'serial-number'], serialNumber: '-01' })
  t.same(decision.peer.subjectAltNames?.unknown, ['email'])
  t.match(ask(one(), a.issue('CN=x')), { accepted: true, tolerated: [] })
  t.match(ask(one(), a.issue('CN=x', named())), { accepted: true, tolerated: ['alt-names'] })
  t.end()
})

test('two authorities that tolerate one flaw each accept none that has both', (t) => {
  const each = evaluator(() => [
    { name: 'a', ca: [aRoot], tolerate: ['alt-names'], names: 'any' }, { name: 'b', ca: [bRoot], tolerate: ['serial-number'], names: 'any' }
  ])
  for (const party of [a, b]) {
    t.equal(told(ask(each, party.issue('CN=x', { ...named(JUERGEN), ...MINUS_ONE }))), 'unreadable/unreadable', 'both flaws')
    t.equal(told(ask(each, party.issue('CN=x', named(JUERGEN)))), party === a ? 'accepted by A' : 'unreadable/unreadable')
    t.equal(told(ask(each, party.issue('CN=x', MINUS_ONE))), party === b ? 'accepted by B' : 'unreadable/unreadable')
  }
  t.end()
})

test('one authority tolerates for itself alone, with the message of strict reading for others', (t) => {
  const both = (): readonly Authority[] => [
    { name: 'a', ca: [aRoot], tolerate: BOTH, names: 'any' }, { name: 'b', ca: [bRoot], names: 'any' }
  ]
  for (const options of [named(JUERGEN), MINUS_ONE]) {
    const strict = ask(one({ ca: [bRoot], tolerate: [] }), b.issue('CN=x', options))
    const leaf = b.issue('CN=x', options)
    t.equal(told(ask(evaluator(both), leaf)), told(strict))
    t.match(ask(evaluator(both), leaf), { detail: { step: 'unreadable', message: /cannot be read: .*_invalid at offset/ } })
    t.match(ask(evaluator(both), a.issue('CN=x', options)), { accepted: true, authority: 'a' })
  }
  t.end()
})

test('a forged certificate is refused for its signature: its names are not read', (t) => {
  t.equal(told(ask(one(), a.issue('CN=x', { ...named(JUERGEN), forged: true }))), 'unknown_ca/signature_invalid')
  t.equal(told(ask(one(), a.issue('CN=x', { ...MINUS_ONE, forged: true }))), 'unknown_ca/signature_invalid')
  t.equal(told(ask(one(), b.issue('CN=x', MINUS_ONE))), 'unknown_ca/unknown_ca')
  t.end()
})

test('CAs that are sent may have flaws, CAs that are configured may not', (t) => {
  const flawed = a.certify(ca, { ...MINUS_ONE, extensions: [altNames(JUERGEN)] })
  t.equal(told(ask(one({ tolerate: [] }), ca.issue(), [flawed])), 'unknown_ca/unknown_ca')
  t.match(ask(one(), ca.issue(), [flawed]), { accepted: true, tolerated: BOTH, peer: { tolerated: [] } })
  t.throws(() => one({ intermediates: [flawed] }), { code: 'MTLS_ERR_PATH_OPTION' })
  t.throws(() => one({ ca: [a.root(MINUS_ONE)] }), { code: 'MTLS_ERR_PATH_OPTION' })
  t.throws(() => one({ tolerate: ['altNames' as never] }), { message: /tolerate.*"alt-names"/ })
  t.end()
})

test('a name that cannot be read is outside every bound of its kind, and of no other', (t) => {
  const leaf = a.issue('CN=x', named(dns('web.a.example'), JUERGEN))
  for (const [names, accepted] of [
    [{ email: 'example.org' }, false], [{ email: 'any' }, true], [{ dns: 'a.example' }, true],
    [{ dns: 'a.example', email: 'any' }, true], [{ dns: 'a.example', email: ['x@y.example'] }, false]
  ] as const) {
    const decision = ask(one({ names }), leaf)
    t.equal(decision.accepted, accepted, JSON.stringify(names))
    if (!decision.accepted) {
      t.match(decision, {
        reason: 'outside_authority', detail: { message: /mail address that cannot be read, which may be outside.*email: / }
      })
    }
  }
  const odd = a.issue('CN=x', named(uri('https://\xfc.example'), uri('spiffe://a.example/x')))
  t.match(ask(one({ names: { spiffe: 'spiffe://a.example' } }), odd), { reason: 'outside_authority' })
  t.match(ask(one({ names: { uri: 'https://a.example' } }), odd), { reason: 'outside_authority' })
  t.match(ask(one({ names: { subject: 'any' } }), odd), { accepted: true, peer: { spiffeId: undefined } })
  t.match(ask(one({ names: { ip: '10.0.0.0/8' } }), a.issue('CN=x', named(ip(10, 0, 0)))), { reason: 'outside_authority' })
  t.end()
})

test('name constraints of the kind of an unreadable name refuse it, permitted or excluded', (t) => {
  const range = ip(10, 0, 0, 0, 255, 0, 0, 0)
  for (const [bases, name] of [
    [[email('example.org')], JUERGEN], [[email('example.org')], email('')], [[dns('a.example')], dns('')],
    [[dns('a.example')], dns('b.a.example\0')], [[uri('a.example')], uri('https://a.example/b\xfccher')],
    [[range], ip(10, 0, 0)],
    [[email('example.org')], element(0xa0, Buffer.from('06082b06010505070809', 'hex'), element(0xa0, element(0x0c, Buffer.from([0xff]))))]
  ] as const) {
    for (const constraints of [nameConstraints([...bases]), nameConstraints([], [...bases])]) {
      const anchor = a.root({ extensions: [constraints] })
      const decision = ask(one({ ca: [anchor] }), a.issue('CN=x', named(name)))
      t.equal(told(decision), 'bad_chain/name_constraint')
    }
  }
  const other = a.root({ extensions: [nameConstraints([dns('a.example')])] })
  t.match(ask(one({ ca: [other] }), a.issue('CN=x', named(JUERGEN))), { accepted: true })
  t.end()
})

test('a decision is taken again when the authority no longer tolerates', (t) => {
  let [version, tolerate] = [1, BOTH]
  const trust = evaluator(() => [{ name: 'a', ca: [aRoot], tolerate }], { version: () => version })
  const leaf = a.issue('CN=x', { ...named(JUERGEN), ...MINUS_ONE })
  const first = ask(trust, leaf)
  t.ok(first.accepted)
  t.equal(ask(trust, leaf), first, 'it is remembered')
  version += 1
  t.match(ask(trust, leaf), { accepted: true, tolerated: BOTH }, 'read again from memory')
  version += 1
  tolerate = []
  t.equal(told(ask(trust, leaf)), 'unreadable/unreadable')
  t.end()
})

test('block lists see the names that can be read, the serial number and the fingerprint', (t) => {
  const seen: unknown[] = []
  const block: BlockList = {
    version: 1,
    find (certificate) {
      seen.push([certificate.serialNumber, certificate.subjectAltNames?.email, certificate.tolerated])
      return undefined
    }
  }
  const leaf = a.issue('CN=x', { ...named(email('a@b.example'), JUERGEN), ...MINUS_ONE })
  const decision = ask(one({}, { block }), leaf) as Accepted
  t.same(seen[0], ['-01', ['a@b.example'], BOTH])
  t.same(decision.peer.subjectAltNames?.email, [])
  t.same(claimsOf(decision.peer).subjectAltNames?.email, ['a@b.example'])
  t.end()
})
