import { test } from 'tap'
import { element, integer, oid, rdnName, sequence } from '@peerkit/test-support/der'
import {
  CLIENT_AUTH, DIGITAL_SIGNATURE, KEY_CERT_SIGN, NOW, Party, SERVER_AUTH, basicConstraints, dns, inhibitAny, keyUsage,
  nameConstraints, newKeys, policies, policyConstraints, purposes
} from '@peerkit/test-support/mint'
import type { Extension, Options } from '@peerkit/test-support/mint'
import { outcome, validate } from './support/validate.ts'

const root = new Party('CN=root')
const ca = new Party('CN=ca')
const unknown: Extension = { oid: '1.2.3.4', critical: true, value: integer(1) }
const absent = (type: string): Extension => ({ oid: type, value: new Uint8Array(0) })
const ANY_PURPOSE = '2.5.29.37.0'

/** The outcome for a chain of three, each with something about it. */
const outcomeOf = (leaf: Options, intermediate: Options = {}, anchor: Options = {}): string =>
  outcome(ca.issue('CN=client', leaf), [root.certify(ca, intermediate)], [root.root(anchor)])

test('refuses a chain of which one certificate is out of its time', async (t) => {
  for (const [options, reason] of [
    [{ notAfter: NOW - 1000 }, 'expired'], [{ notBefore: NOW + 1000 }, 'not_yet_valid']
  ] as const) {
    t.equal(outcomeOf(options), reason, 'leaf')
    t.equal(outcomeOf({}, options), reason, 'intermediate')
    t.equal(outcomeOf({}, {}, options), reason, 'anchor')
  }
  t.equal(outcomeOf({ notAfter: NOW, notBefore: NOW }), 'valid', 'notAfter is the last second that counts')
})

test('refuses issuers that are no CAs', async (t) => {
  for (const [what, extensions] of Object.entries({
    'no basicConstraints': [absent('2.5.29.19')],
    'cA false': [basicConstraints(false)],
    'no keyCertSign': [keyUsage(DIGITAL_SIGNATURE)]
  })) {
    t.equal(outcomeOf({}, { extensions }), 'not_ca', `intermediate: ${what}`)
    t.equal(outcomeOf({}, {}, { extensions }), 'not_ca', `anchor: ${what}`)
  }
  t.equal(outcomeOf({}, { version: 1 }), 'not_ca', 'version 1')
  t.equal(outcomeOf({}, {}, { version: 1 }), 'not_ca', 'an anchor of version 1')
  t.equal(outcomeOf({}, { extensions: [absent('2.5.29.15')] }), 'valid', 'keyUsage may be absent')
  const nobody = new Party('')
  t.equal(outcome(nobody.issue(), [root.certify(nobody)], [root.root()]), 'not_ca', 'without a name')
  const client = new Party('CN=client')
  t.equal(
    outcome(client.issue('CN=admin'), [root.issue('CN=client', { keys: client.keys })], [root.root()]),
    'not_ca',
    'a client that issues'
  )
})

test('refuses forged signatures wherever they are', async (t) => {
  t.equal(outcomeOf({ forged: true }), 'signature_invalid')
  t.equal(outcomeOf({}, { forged: true }), 'signature_invalid')
  t.equal(outcomeOf({}, {}, { forged: true }), 'valid', 'of the anchor no signature counts')
})

test('counts intermediates as pathLenConstraint has it, self-issued ones not', async (t) => {
  const [upper, lower] = [new Party('CN=upper'), new Party('CN=lower')]
  const rollover = new Party('CN=upper')
  const outcomeOfLength = (pathLength: number): string => outcome(
    lower.issue(),
    [root.certify(upper, { extensions: [basicConstraints(true, pathLength)] }), upper.certify(lower)],
    [root.root()]
  )
  t.equal(outcomeOfLength(0), 'path_length')
  t.equal(outcomeOfLength(1), 'valid')
  t.equal(outcome(
    lower.issue(), [root.certify(upper), upper.certify(lower)], [root.root({ extensions: [basicConstraints(true, 1)] })]
  ), 'path_length', 'an anchor has its say')
  const zero = { extensions: [basicConstraints(true, 0)] }
  t.equal(
    outcome(rollover.issue(), [root.certify(upper, zero), upper.certify(rollover)], [root.root()]),
    'valid',
    'a new key for the same name'
  )
  t.equal(outcome(
    lower.issue(), [root.certify(upper, zero), upper.certify(rollover), rollover.certify(lower)], [root.root()]
  ), 'path_length', 'but nobody below it')
  t.equal(outcome(
    lower.issue(),
    [root.certify(upper, zero), upper.certify(lower, { extensions: [basicConstraints(true, 9)] })],
    [root.root()]
  ), 'path_length', 'no one takes it back')
  const middle = new Party('CN=middle')
  const widest = { extensions: [basicConstraints(true, 9)] }
  const one = { extensions: [basicConstraints(true, 1)] }
  const below = middle.certify(lower)
  t.equal(
    outcome(lower.issue(), [root.certify(upper, one), upper.certify(middle, widest), below], [root.root()]),
    'path_length', 'a lower CA that names more gets no more'
  )
  t.equal(
    outcome(lower.issue(), [root.certify(upper, widest), upper.certify(middle), below], [root.root(one)]),
    'path_length', 'nor a CA below an anchor that has its say'
  )
  t.equal(
    outcome(lower.issue(), [root.certify(upper, widest), upper.certify(middle, zero), below], [root.root()]),
    'path_length', 'a lower CA that names less gets less'
  )
  t.equal(
    outcome(lower.issue(), [root.certify(upper, widest), upper.certify(middle, one), below], [root.root()]), 'valid'
  )
})

test('wants the purpose in the leaf and in every CA that lists purposes', async (t) => {
  t.equal(outcomeOf({ extensions: [purposes(SERVER_AUTH)] }), 'wrong_purpose')
  t.equal(outcomeOf({ extensions: [purposes(ANY_PURPOSE)] }), 'wrong_purpose', 'as OpenSSL has it')
  t.equal(outcomeOf({ extensions: [absent('2.5.29.37')] }), 'valid')
  t.equal(outcomeOf({}, { extensions: [purposes(SERVER_AUTH)] }), 'wrong_purpose', 'a CA for servers issues no clients')
  t.equal(outcomeOf({}, { extensions: [purposes(SERVER_AUTH, CLIENT_AUTH)] }), 'valid')
  t.equal(outcomeOf({}, {}, { extensions: [purposes(SERVER_AUTH)] }), 'wrong_purpose', 'an anchor neither')
  t.equal(outcomeOf({ extensions: [keyUsage(1)] }), 'wrong_purpose', 'a key that may not sign')
  t.equal(outcomeOf({ extensions: [keyUsage(DIGITAL_SIGNATURE, KEY_CERT_SIGN)] }), 'wrong_purpose', 'keyCertSign without a CA')
  t.equal(outcomeOf({ extensions: [basicConstraints(true), keyUsage(DIGITAL_SIGNATURE, KEY_CERT_SIGN)] }), 'ca_as_leaf', 'a CA is no client')
  t.equal(outcomeOf({ extensions: [basicConstraints(true), absent('2.5.29.15')] }), 'ca_as_leaf')
  t.equal(outcome(root.certify(ca), [], [root.root()], { purpose: 'any' }), 'valid')
  const certType = (octet: number): Extension => ({ oid: '2.16.840.1.113730.1.1', value: element(0x03, Buffer.from([0, octet])) })
  t.equal(outcomeOf({ extensions: [certType(0x40)] }), 'wrong_purpose', 'a server by its Netscape certificate type')
  t.equal(outcomeOf({ extensions: [certType(0xc0)] }), 'valid')
  const server = ca.issue('CN=server', { extensions: [purposes(SERVER_AUTH), keyUsage(2)] })
  t.equal(outcome(server, [root.certify(ca)], [root.root()], { purpose: 'serverAuth' }), 'valid')
  t.equal(outcome(server, [root.certify(ca)], [root.root()], { purpose: 'any' }), 'valid')
  t.equal(outcome(ca.issue(), [root.certify(ca)], [root.root()], { purpose: 'serverAuth' }), 'wrong_purpose')
})

test('refuses critical extensions that are not understood, anywhere in the path and nowhere else', async (t) => {
  const extensions = [unknown]
  t.equal(outcomeOf({ extensions }), 'critical_extension')
  t.equal(outcomeOf({}, { extensions }), 'critical_extension')
  t.equal(outcomeOf({}, {}, { extensions }), 'critical_extension')
  t.equal(outcomeOf({ extensions: [{ ...unknown, critical: false }] }), 'valid')
  const stranger = new Party('CN=stranger')
  t.equal(outcome(
    ca.issue(), [root.certify(ca), root.certify(stranger, { extensions })], [root.root(), stranger.root({ extensions })]
  ), 'valid')
  t.equal(
    outcomeOf({ extensions: [{ oid: '2.5.29.35', critical: true, value: sequence() }] }),
    'critical_extension',
    'authorityKeyIdentifier must not be critical'
  )
})

test('refuses the same extension twice, and what its definition forbids', async (t) => {
  t.equal(outcomeOf({ extensions: [basicConstraints(true), basicConstraints(false)] }), 'unreadable')
  t.equal(outcomeOf({}, { extensions: [{ oid: '2.5.29.36', value: sequence() }] }), 'unreadable', 'empty policyConstraints')
  t.equal(outcomeOf({}, { extensions: [{ oid: '2.5.29.33', value: sequence() }] }), 'unreadable', 'no mappings')
  t.equal(outcomeOf({}, { extensions: [{ oid: '2.5.29.54', value: Buffer.from([2, 1, 0xff]) }] }), 'unreadable', 'a negative count')
  t.equal(outcomeOf({}, { extensions: [{ oid: '2.5.29.30', value: Buffer.from([5, 0]) }] }), 'unreadable')
})

test('finds issuers whose name is spelled in another way, and none whose name differs', async (t) => {
  const authority = new Party('CN=ca')
  const certificate = root.certify(authority, { subjectName: rdnName('O=Acme  Works, CN=ISSUING ca', 0x13) })
  const issueAs = (issuerName: Uint8Array): string => outcome(authority.issue('CN=client', { issuerName }), [certificate], [root.root()])
  t.equal(issueAs(rdnName('O=ACME works, CN=Issuing CA')), 'valid', 'case, spaces and string type do not count (RFC 5280 section 7.1)')
  t.equal(issueAs(rdnName('CN=ISSUING ca, O=Acme  Works', 0x13)), 'unknown_ca', 'order does')
  t.equal(issueAs(rdnName('O=AcmeWorks, CN=Issuing CA')), 'unknown_ca')
  const two = element(0x31, ...['a', 'b'].map((value) => sequence(oid('2.5.4.3'), element(0x0c, Buffer.from(value)))))
  const twoOther = element(0x31, ...['B', 'A'].map((value) => sequence(oid('2.5.4.3'), element(0x0c, Buffer.from(value)))))
  t.equal(outcome(
    authority.issue('CN=client', { issuerName: sequence(two) }),
    [root.certify(authority, { subjectName: sequence(twoOther) })], [root.root()]
  ), 'valid', 'an RDN is a set')
  const apart = rdnName('CN=a, CN=b')
  t.equal(outcome(authority.issue('CN=client', { issuerName: sequence(two) }), [root.certify(authority, { subjectName: apart })], [root.root()]), 'unknown_ca', 'a set of two is not two in a row')
})

test('what an anchor says of itself counts: names, policies', async (t) => {
  t.equal(outcomeOf({}, {}, { extensions: [policyConstraints(0)] }), 'policy')
  t.equal(outcomeOf(
    { extensions: [policies('1.2.3')] }, { extensions: [policies('2.5.29.32.0')] },
    { extensions: [policyConstraints(0)] }
  ), 'valid')
  t.equal(outcomeOf(
    { extensions: [policies('1.2.3')] }, { extensions: [policies('2.5.29.32.0')] },
    { extensions: [policyConstraints(0), inhibitAny(0)] }
  ), 'policy')
  t.equal(outcomeOf(
    { extensions: [{ oid: '2.5.29.17', value: sequence(dns('a.other')) }] },
    {},
    { extensions: [nameConstraints([dns('example.com')])] }
  ), 'name_constraint')
})

test('says which certificate it was', async (t) => {
  const verdict = validate(
    ca.issue('CN=client'), [root.certify(ca, { notAfter: NOW - 1000, keys: newKeys() })], [root.root()]
  )
  t.match(verdict, { reason: 'expired', detail: /^CN=ca \(sha256:[0-9a-f]{16}\) was valid until 2025-12-31T23:59:59/ })
  t.ok(Object.isFrozen(verdict))
})
