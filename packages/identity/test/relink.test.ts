import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import {
  createPartialIdentity,
  isPeerIdentity,
  parsePeerIdentity,
  readPeerIdentity,
  relinkPeerIdentity,
  viewDer
} from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { readCertificate } from '@peerkit/identity/x509'
import { certificate, subjectAltName } from './fixtures/certificate.ts'
import { hex } from './fixtures/der.ts'

const ca = await createDevCa()
const issued = await ca.issue({ cn: 'client', dns: 'a.example', spiffe: 'spiffe://td/a' })
const anchor = parsePeerIdentity(ca.der)
const peer = parsePeerIdentity(issued.der)
const gateway = createPartialIdentity({ subject: 'CN=gateway' })

test('the same certificate under other links is another identity, and the first stays as it is', async (t) => {
  const linked = relinkPeerIdentity(peer, { chain: [anchor], source: 'forwarded', via: [gateway] })
  t.match(linked, {
    chain: [anchor],
    source: 'forwarded',
    via: [gateway],
    fingerprint256: peer.fingerprint256,
    spiffeId: 'spiffe://td/a'
  })
  t.match(peer, { chain: undefined, source: 'tls', via: [] })
  t.same(linked.raw, Buffer.from(issued.der))
  t.equal(viewDer(linked), viewDer(peer), 'the bytes are shared')
  t.equal(linked.subject, peer.subject)
  t.equal(linked.subjectAltNames, peer.subjectAltNames)
  t.ok(isPeerIdentity(linked))
  const { chain, source, via, ...rest } = linked
  const { chain: _chain, source: _source, via: _via, ...before } = peer
  t.same(rest, before)
})

test('what is left out stays as it is', async (t) => {
  const linked = relinkPeerIdentity(peer, { chain: [anchor] })
  const both = relinkPeerIdentity(linked, { via: [gateway] })
  t.match(both, { chain: [anchor], source: 'tls', via: [gateway] })
  t.equal(both.chain, linked.chain)
  t.match(relinkPeerIdentity(both, {}), { chain: [anchor], via: [gateway] })
})

test('an identity stays frozen, and its lists are its own', async (t) => {
  const [chain, via] = [[anchor], [gateway]]
  const linked = relinkPeerIdentity(peer, { chain, via })
  chain.pop()
  via.pop()
  t.equal(linked.chain?.length, 1)
  t.equal(linked.via.length, 1)
  t.ok(Object.isFrozen(linked) && Object.isFrozen(linked.chain) && Object.isFrozen(linked.via))
})

test('the bytes are seen without a copy, and are not there for a partial identity', async (t) => {
  t.same(viewDer(peer), Buffer.from(issued.der))
  t.equal(viewDer(peer), viewDer(peer))
  t.not(peer.raw, peer.raw, 'what everybody gets is a copy')
  t.equal(viewDer(gateway), undefined)
})

test('what only looks like an identity is none', async (t) => {
  for (const fake of [{ ...peer }, Object.create(peer)] as PeerIdentity[]) {
    t.throws(() => relinkPeerIdentity(fake, {}), TypeError)
    t.throws(() => viewDer(fake), TypeError)
  }
})

test('an identity of a frame that was read is that of its bytes', async (t) => {
  const fields = readCertificate(Buffer.from(issued.der))
  t.same(readPeerIdentity(fields), peer)
  t.equal(viewDer(readPeerIdentity(fields)), fields.der, 'without a copy')
  const known = {
    subject: peer.subject,
    issuer: peer.issuer,
    fingerprint256: peer.fingerprint256,
    publicKey256: peer.publicKey256
  }
  const again = readPeerIdentity(fields, known)
  t.same(again, peer)
  t.equal(again.subject, peer.subject, 'what is known is not read again')
  const bad = readCertificate(certificate({ extensions: [subjectAltName(hex('820161ff'))] }))
  t.throws(() => readPeerIdentity(bad), { code: 'MTLS_ERR_CERTIFICATE_INVALID' })
})
