import { createPartialIdentity, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { test } from 'tap'
import { climbChain, findIssuer } from '../src/index.ts'
import { rdnName } from '@peerkit/test-support/der'
import { NOW, Party } from '@peerkit/test-support/mint'

const [root, ca, impostor] = [new Party('CN=root'), new Party('CN=ca'), new Party('CN=ca')]
const [rootCertificate, caCertificate, impostorCertificate] = [
  root.root(),
  root.certify(ca),
  root.certify(impostor)
].map((der) => parsePeerIdentity(der)) as [PeerIdentity, PeerIdentity, PeerIdentity]
const leaf = parsePeerIdentity(ca.issue())

test('the issuer of a certificate is who signed it, not who has the name', async (t) => {
  t.equal(findIssuer(leaf, [impostorCertificate]), undefined)
  t.equal(findIssuer(leaf, [impostorCertificate, rootCertificate, caCertificate]), caCertificate)
  t.equal(findIssuer(leaf, [impostorCertificate, caCertificate]), caCertificate, 'asked again')
  t.equal(findIssuer(leaf, []), undefined)
  t.equal(findIssuer(rootCertificate, [rootCertificate]), rootCertificate, 'a root issued itself')
})

test('names are compared by RFC 5280, validity is not looked at', async (t) => {
  const authority = new Party('CN=ca')
  const spelled = parsePeerIdentity(
    root.certify(authority, { subjectName: rdnName('CN=ISSUING  ca', 0x13), notAfter: NOW - 1_000 })
  )
  t.equal(
    findIssuer(parsePeerIdentity(authority.issue('CN=client', { issuerName: rdnName('CN=Issuing CA') })), [spelled]),
    spelled
  )
})

test('what has no bytes, or none that path validation reads, issued nothing and was issued by nobody', async (t) => {
  const partial = createPartialIdentity({ subject: 'CN=ca' })
  t.equal(findIssuer(partial, [caCertificate]), undefined)
  t.equal(findIssuer(leaf, [partial]), undefined)
  const unreadable = parsePeerIdentity(
    root.certify(ca, { extensions: [{ oid: '2.5.29.36', value: Buffer.from([0x30, 0]) }] })
  )
  t.equal(findIssuer(leaf, [unreadable]), undefined)
  t.equal(findIssuer(unreadable, [rootCertificate]), undefined)
  const weak = parsePeerIdentity(
    ca.issue('CN=client', { signing: { algorithm: Buffer.from('300906072a8648ce3d0401', 'hex'), hash: 'sha1' } })
  )
  t.equal(findIssuer(weak, [caCertificate]), undefined, 'a signature of a kind that is not known here')
})

test('a chain is climbed as far as the certificates lead, from whatever order', async (t) => {
  t.strictSame(climbChain(leaf, [rootCertificate, impostorCertificate, caCertificate]), [
    caCertificate,
    rootCertificate
  ])
  t.strictSame(climbChain(leaf, [caCertificate]), [caCertificate])
  t.strictSame(climbChain(leaf, [rootCertificate, impostorCertificate]), [])
  t.strictSame(climbChain(rootCertificate, [rootCertificate]), [], 'it ends at a self-signed one')
})

test('CAs that signed each other end the climb, and so does a chain without an end', async (t) => {
  const [one, other] = [new Party('CN=one'), new Party('CN=other')]
  const [oneByOther, otherByOne] = [parsePeerIdentity(other.certify(one)), parsePeerIdentity(one.certify(other))]
  t.strictSame(climbChain(parsePeerIdentity(one.issue()), [oneByOther, otherByOne]), [oneByOther, otherByOne])
  const parties = Array.from({ length: 20 }, (_, index) => new Party(`CN=${index}`))
  const long = parties.slice(1).map((party, index) => parsePeerIdentity(party.certify(parties[index]!)))
  t.equal(climbChain(parsePeerIdentity(parties[0]!.issue()), long).length, 16)
})
