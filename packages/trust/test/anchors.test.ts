import { parsePeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { loadAuthorities } from '../src/authority/load-authority.ts'
import { readInput } from '../src/certificate/certificate-set.ts'
import { Certificate } from '../src/certificate/certificate.ts'
import { isSelfSigned } from '../src/certificate/signature.ts'
import { element, oid, sequence } from '@peerkit/test-support/der'
import { outcomeOf } from './support/evaluate.ts'
import { Party } from '@peerkit/test-support/mint'
import type { Extension } from '@peerkit/test-support/mint'

const root = new Party('CN=root')
const renewed = new Party('CN=root')
const keyId = (octet: number): Extension => ({ oid: '2.5.29.14', value: element(0x04, Buffer.of(octet)) })
const issuerKeyId = (octet: number | undefined): Extension => ({
  oid: '2.5.29.35',
  value: sequence(...(octet === undefined ? [] : [element(0x80, Buffer.of(octet))]))
})

test('self-signed is what its own key signed, whatever the key identifiers say', async (t) => {
  const selfSigned = (...extensions: readonly Extension[]): boolean =>
    isSelfSigned(new Certificate(root.root({ extensions })))
  t.equal(selfSigned(), true)
  t.equal(selfSigned(keyId(1), issuerKeyId(1)), true)
  t.equal(selfSigned(keyId(1), issuerKeyId(2)), true)
  t.equal(isSelfSigned(new Certificate(root.root({ forged: true }))), false)
  t.equal(isSelfSigned(new Certificate(root.certify(renewed))), false, 'one name and another key')
  t.equal(isSelfSigned(new Certificate(root.certify(new Party('CN=ca')))), false)
})

test('a root whose algorithm is not known here is told by its key identifiers', async (t) => {
  const signing = { algorithm: sequence(oid('1.2.840.10045.4.1')), hash: 'sha1' }
  const selfSigned = (...extensions: readonly Extension[]): boolean =>
    isSelfSigned(new Certificate(root.root({ extensions, signing })))
  t.equal(selfSigned(), true)
  t.equal(selfSigned(keyId(1)), true)
  t.equal(selfSigned(issuerKeyId(1)), true)
  t.equal(selfSigned(keyId(1), issuerKeyId(1)), true)
  t.equal(selfSigned(keyId(1), issuerKeyId(undefined)), true, 'an authorityKeyIdentifier without a key')
  t.equal(selfSigned(keyId(1), issuerKeyId(2)), false)
  const leaf = root.issue()
  t.equal(outcomeOf(leaf, [], [root.root({ signing })]), 'accepted by root', 'its own signature proves nothing')
})

test('a rollover certificate in ca is a way from one key to the other, and no anchor', async (t) => {
  const [old, newByOld] = [root.root(), root.certify(renewed)]
  const leaf = renewed.issue()
  t.equal(outcomeOf(leaf, [], [newByOld]), 'unknown_ca/unknown_ca')
  t.equal(outcomeOf(leaf, [], [old, newByOld]), 'accepted by root < root')
  const extensions = [keyId(2), issuerKeyId(1)]
  t.equal(outcomeOf(leaf, [], [old, root.certify(renewed, { extensions })]), 'accepted by root < root')
})

test('an authority sorts its certificates into anchors and those that paths may go through', async (t) => {
  const [ca, other] = [new Party('CN=ca'), new Party('CN=other')]
  const [anchor, listed, configured] = [root.root(), root.certify(ca), parsePeerIdentity(root.certify(other))]
  const { name, anchors, known, revocation } = loadAuthorities([{
    name: 'a',
    ca: [anchor, listed, anchor],
    intermediates: [configured]
  }])[0]!
  t.strictSame([name, revocation], ['a', []])
  const [rootRead, listedRead, configuredRead] = [anchor, listed, configured.raw!].map((der) =>
    new Certificate(der)
  ) as [any, any, any]
  t.strictSame(
    [rootRead, listedRead, configuredRead].map((certificate) => [anchors.has(certificate), known.has(certificate)]),
    [
      [true, false],
      [false, true],
      [false, true]
    ]
  )
  t.equal(anchors.named(rootRead.subjectKey).length, 1, 'once')
  t.strictSame(anchors.named(listedRead.subjectKey), [])
})

test('a certificate of the configuration that cannot be read is an error, and not a CA fewer', async (t) => {
  const broken = root.root({ extensions: [{ oid: '2.5.29.36', value: sequence() }] })
  for (const load of [
    () => readInput(broken, 'anchors[0]'),
    () => loadAuthorities([{ name: 'a', ca: [broken] }]),
    () => loadAuthorities([{ name: 'a', ca: [], intermediates: [broken] }])
  ]) {
    t.throws(load, {
      code: 'MTLS_ERR_PATH_OPTION',
      message: /\[0\] cannot be read: /,
      cause: { code: /^MTLS_ERR_(DER|CERTIFICATE)_INVALID$/ }
    })
  }
  t.equal(readInput(parsePeerIdentity(root.root()), 'ca').selfIssued, true)
})

test('anchors of one name are told apart by their signatures', async (t) => {
  const anchors = [root.root(), renewed.root(), new Party('CN=root').root()]
  t.equal(outcomeOf(renewed.issue(), [], anchors), 'accepted by root')
  t.equal(outcomeOf(new Party('CN=root').issue(), [], anchors), 'unknown_ca/signature_invalid')
})
