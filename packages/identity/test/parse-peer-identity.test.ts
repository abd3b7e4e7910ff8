import { X509Certificate } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { decodePem, equalDistinguishedNames, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { FALSE, TRUE, hex, integer, sequence } from './fixtures/der.ts'
import {
  basicConstraints, certificate, dns, email, extendedKeyUsage, keyUsage, policies, subjectAltName, uri
} from './fixtures/certificate.ts'

const ca = await createDevCa({ name: 'Root' })
const spiffeOf = (...extensions: Buffer[]): string | undefined =>
  parsePeerIdentity(certificate({ extensions })).spiffeId

test('reads a leaf whole', async (t) => {
  const leaf = await ca.issue({
    cn: 'billing-7',
    o: 'Acme',
    ou: ['ops', 'billing'],
    dns: ['a.example', '*.b.example'],
    ip: ['192.0.2.7', '2001:db8::7'],
    email: 'ops@example.com',
    spiffe: 'spiffe://prod.example/ns/ops/sa/billing',
    upn: 'billing@ad.example',
    policies: ['1.3.6.1.4.1.99999.1'],
    profile: 'client',
  })
  const node = new X509Certificate(leaf.cert)
  const peer = parsePeerIdentity(leaf.der)
  t.equal(peer.subject?.commonName, 'billing-7')
  t.same(peer.subject?.values('OU'), ['ops', 'billing'])
  t.equal(peer.issuer?.commonName, 'Root')
  t.same(peer.subjectAltNames?.dns, ['a.example', '*.b.example'])
  t.same(peer.subjectAltNames?.ip, ['192.0.2.7', '2001:db8::7'])
  t.same(peer.subjectAltNames?.email, ['ops@example.com'])
  t.same(peer.subjectAltNames?.uri, ['spiffe://prod.example/ns/ops/sa/billing'])
  t.same(peer.subjectAltNames?.otherName, [{ type: '1.3.6.1.4.1.311.20.2.3', value: 'billing@ad.example' }])
  t.same(peer.subjectAltNames?.unknown, [])
  t.equal(peer.spiffeId, 'spiffe://prod.example/ns/ops/sa/billing')
  t.equal(peer.serialNumber, leaf.serialNumber)
  t.equal(peer.notBefore, Date.parse(node.validFrom))
  t.equal(peer.notAfter, Date.parse(node.validTo))
  t.equal(peer.fingerprint256, node.fingerprint256.replaceAll(':', '').toLowerCase())
  t.equal(peer.publicKey256, node.publicKey.export({ type: 'spki', format: 'der' }) &&
    (await sha256(node.publicKey.export({ type: 'spki', format: 'der' }))))
  t.same(peer.extendedKeyUsage, ['1.3.6.1.5.5.7.3.2'])
  t.same(peer.policies, ['1.3.6.1.4.1.99999.1'])
  t.equal(peer.isCa, false)
  t.equal(peer.source, 'tls')
  t.equal(peer.chain, undefined)
  t.same(peer.via, [])
  t.same(peer.raw, leaf.der)
})

async function sha256 (bytes: Uint8Array): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes))).toString('hex')
}

test('reads every root that Node ships as Node does', async (t) => {
  for (const pem of rootCertificates) {
    const node = new X509Certificate(pem)
    const peer = parsePeerIdentity(decodePem(pem)[0] as Uint8Array)
    t.equal(peer.fingerprint256, node.fingerprint256.replaceAll(':', '').toLowerCase())
    t.equal(peer.isCa, node.ca)
    t.equal(peer.notAfter, Date.parse(node.validTo))
  }
})

test('has empty lists for extensions that are not there', async (t) => {
  const peer = parsePeerIdentity(certificate({ subject: sequence() }))
  t.same(peer.subjectAltNames, {
    dns: [], uri: [], email: [], ip: [], directoryName: [], otherName: [], registeredId: [], unknown: []
  })
  t.same([peer.extendedKeyUsage, peer.policies, peer.keyUsage], [[], [], []])
  t.equal(String(peer.subject), '')
})

test('is deeply frozen, and its bytes are out of reach', async (t) => {
  const der = certificate({
    extensions: [
      subjectAltName(dns('a.example'), uri('urn:a'), email('a@b')), policies('1.2.3'), extendedKeyUsage('1.2.3')
    ]
  })
  const peer = parsePeerIdentity(der, { chain: [parsePeerIdentity(certificate())] })
  checkFrozen(peer)
  function checkFrozen (value: unknown): void {
    if (typeof value !== 'object' || value === null) return
    t.ok(Object.isFrozen(value))
    for (const key of Reflect.ownKeys(value)) checkFrozen((value as Record<PropertyKey, unknown>)[key])
  }
  const before = peer.raw
  der.fill(0)
  peer.raw?.fill(0)
  t.same(peer.raw, before)
  t.equal(peer.raw?.buffer.byteLength, before?.length)
  t.notOk(Object.keys(peer).includes('raw'))
  t.throws(() => { (peer as { serialNumber: string }).serialNumber = '00' }, TypeError)
})

test('calls a CA what may sign certificates', async (t) => {
  const isCa = (...extensions: Buffer[]): boolean | undefined => parsePeerIdentity(certificate({ extensions })).isCa
  t.equal(isCa(basicConstraints(TRUE)), true)
  t.equal(isCa(basicConstraints(TRUE, integer(0)), keyUsage(0x06, 1)), true)
  t.equal(isCa(basicConstraints(TRUE), keyUsage(0x80, 7)), false)
  t.equal(isCa(basicConstraints(), keyUsage(0x04, 2)), false)
  t.equal(isCa(basicConstraints(FALSE)), false)
  t.equal(isCa(keyUsage(0x04, 2)), false)
  t.equal(parsePeerIdentity(ca.der).isCa, true)
})

test('gives a SPIFFE ID to a leaf with exactly one URI only', async (t) => {
  const id = 'spiffe://td.example/a'
  t.equal(spiffeOf(subjectAltName(uri(id))), id)
  t.equal(spiffeOf(subjectAltName(dns('a'), uri(id), dns('b')), keyUsage(0x80, 7), basicConstraints(FALSE)), id)
  t.equal(spiffeOf(subjectAltName(uri(id), uri(id))), undefined)
  t.equal(spiffeOf(subjectAltName(uri(id), uri('https://a'))), undefined)
  t.equal(spiffeOf(subjectAltName(uri('https://a'))), undefined)
  t.equal(spiffeOf(subjectAltName(dns(id))), undefined)
  t.equal(spiffeOf(subjectAltName(uri('spiffe://td.example'))), undefined)
  t.equal(spiffeOf(subjectAltName(uri('spiffe://td.example/a/../b'))), undefined)
  t.equal(spiffeOf(), undefined)
})

test('gives no SPIFFE ID to what may sign certificates or CRLs', async (t) => {
  const name = subjectAltName(uri('spiffe://td.example/a'))
  t.equal(spiffeOf(name, basicConstraints(TRUE)), undefined)
  t.equal(spiffeOf(name, basicConstraints(TRUE), keyUsage(0x80, 7)), undefined)
  t.equal(spiffeOf(name, keyUsage(0x04, 2)), undefined)
  t.equal(spiffeOf(name, keyUsage(0x82, 1)), undefined)
})

test('keeps where it was seen, its chain and its gateways', async (t) => {
  const issuer = parsePeerIdentity(ca.der)
  const gateway = parsePeerIdentity(certificate())
  const chain = [issuer]
  const peer = parsePeerIdentity((await ca.issue()).der, { source: 'forwarded', chain, via: [gateway] })
  chain.push(gateway)
  t.equal(peer.source, 'forwarded')
  t.same(peer.chain, [issuer])
  t.same(peer.via, [gateway])
  t.ok(equalDistinguishedNames(peer.issuer as never, issuer.subject as never))
})

test('refuses options it does not know or cannot use', async (t) => {
  const der = certificate()
  for (const options of [
    null, 'tls', { sorce: 'tls' }, { source: 'http' }, { chain: {} }, { chain: [{}] }, { via: [null] }, { via: ['x'] }
  ]) {
    t.throws(() => parsePeerIdentity(der, options as never), { code: 'MTLS_ERR_IDENTITY_OPTION' })
  }
})

test('reads a view in the middle of a larger buffer', async (t) => {
  const der = certificate({ extensions: [subjectAltName(dns('a.example'))] })
  const peer: PeerIdentity = parsePeerIdentity(Buffer.concat([hex('ffff'), der, hex('ff')]).subarray(2, 2 + der.length))
  t.same(peer.subjectAltNames?.dns, ['a.example'])
  t.equal(peer.fingerprint256, parsePeerIdentity(new Uint8Array(der)).fingerprint256)
})
