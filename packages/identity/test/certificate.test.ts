import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { decodePem, parsePeerIdentity } from '@peerkit/identity'
import { certificateEnd, readCertificate } from '@peerkit/identity/x509'
import { FALSE, bits, element, hex, integer, octets, oid, sequence } from './fixtures/der.ts'
import { ECDSA_SHA256, P256_KEY, basicConstraints, certificate, extension, name } from './fixtures/certificate.ts'
import { certificateReason } from './fixtures/reason.ts'

const reasonFor = (parts: Parameters<typeof certificate>[0]): string =>
  certificateReason(() => readCertificate(certificate(parts)))

test('cuts the fields of a certificate out of its bytes', async (t) => {
  const subject = name([['2.5.4.3', 0x0c, 'x']])
  const der = certificate({
    subject, serialNumber: integer(0, 0xff, 1), extensions: [extension('1.2.3', hex('0500'), true), basicConstraints()]
  })
  const fields = readCertificate(der)
  t.equal(fields.version, 3)
  t.equal(fields.serialNumber, 'ff01')
  t.same(fields.subjectRaw, subject)
  t.same(fields.subjectPublicKeyInfo, P256_KEY)
  t.equal(fields.signatureAlgorithm.oid, '1.2.840.10045.4.3.2')
  t.equal(fields.signatureAlgorithm.parameters, undefined)
  t.same(fields.signatureAlgorithm.raw, ECDSA_SHA256)
  t.same(fields.signature, hex('3006020101020101'))
  t.equal(fields.notBefore, Date.UTC(2025, 0, 1))
  t.same([...fields.extensions.keys()], ['1.2.3', '2.5.29.19'])
  const unknown = fields.extensions.get('1.2.3')
  t.equal(unknown?.critical, true)
  t.same(unknown?.value, hex('0500'))
  t.same(der.subarray(unknown?.offset, (unknown?.offset ?? 0) + 2), hex('0500'))
  t.same(der.subarray(3, 3 + fields.tbs.length), fields.tbs)
})

test('reads what dev-ca signs with every kind of key', async (t) => {
  for (const key of ['ec-p256', 'rsa-2048', 'ed25519'] as const) {
    const ca = await createDevCa({ key })
    const leaf = await ca.issue({ key, cn: key })
    t.equal(readCertificate(leaf.der).serialNumber, leaf.serialNumber)
    t.same(readCertificate(leaf.der).issuerRaw, readCertificate(ca.der).subjectRaw)
  }
})

test('knows the versions by the fields they allow', async (t) => {
  const none = Buffer.alloc(0)
  const uniqueIds = element(0x81, hex('00aa'))
  t.equal(readCertificate(certificate({ version: none })).version, 1)
  t.equal(readCertificate(certificate({ version: hex('a003020101'), uniqueIds })).version, 2)
  t.equal(reasonFor({ version: none, uniqueIds }), 'version_invalid')
  t.equal(reasonFor({ version: none, extensions: [basicConstraints()] }), 'version_invalid')
  t.equal(reasonFor({ version: hex('a003020101'), extensions: [basicConstraints()] }), 'version_invalid')
  t.equal(reasonFor({ version: hex('a003020100') }), 'version_invalid')
  t.equal(reasonFor({ version: hex('a003020103') }), 'version_invalid')
  t.equal(reasonFor({ version: hex('a006020102020102') }), 'trailing_data')
})

test('refuses serial numbers that are negative, empty, padded or endless', async (t) => {
  t.equal(reasonFor({ serialNumber: integer(0x80) }), 'serial_number_invalid')
  t.equal(reasonFor({ serialNumber: integer() }), 'integer_invalid')
  t.equal(reasonFor({ serialNumber: integer(0, 1) }), 'integer_invalid')
  t.equal(reasonFor({ serialNumber: integer(1, ...Array<number>(64).fill(0)) }), 'too_large')
  t.equal(
    readCertificate(certificate({ serialNumber: integer(0, 0x80, ...Array<number>(63).fill(0)) })).serialNumber,
    `80${'00'.repeat(63)}`
  )
  t.equal(readCertificate(certificate({ serialNumber: integer(0) })).serialNumber, '00')
})

test('refuses a signature algorithm that differs inside and outside', async (t) => {
  t.equal(reasonFor({ outerSignatureAlgorithm: sequence(oid('1.2.840.10045.4.3.3')) }), 'signature_algorithm_mismatch')
  t.equal(
    reasonFor({ outerSignatureAlgorithm: sequence(oid('1.2.840.10045.4.3.2'), hex('0500')) }),
    'signature_algorithm_mismatch'
  )
})

test('refuses extensions that are doubled, empty or incomplete', async (t) => {
  t.equal(
    reasonFor({ extensions: [extension('1.2.3', hex('0500')), extension('1.2.3', hex('0500'))] }), 'extension_duplicate'
  )
  t.equal(reasonFor({ extensionsElement: element(0xa3, sequence()) }), 'extension_invalid')
  t.equal(reasonFor({ extensionsElement: element(0xa3) }), 'truncated')
  t.equal(reasonFor({ extensions: [sequence(oid('1.2.3'), hex('010101'), octets())] }), 'boolean_invalid')
  t.equal(reasonFor({ extensions: [sequence(oid('1.2.3'), octets(), hex('0500'))] }), 'trailing_data')
  t.equal(reasonFor({ extensions: [sequence(oid('1.2.3'))] }), 'truncated')
})

test('reads the example certificate of RFC 8410, which encodes critical FALSE', async (t) => {
  const [der] = decodePem(`-----BEGIN CERTIFICATE-----
MIIBLDCB36ADAgECAghWAUdKKo3DMDAFBgMrZXAwGTEXMBUGA1UEAwwOSUVURiBUZX
N0IERlbW8wHhcNMTYwODAxMTIxOTI0WhcNNDAxMjMxMjM1OTU5WjAZMRcwFQYDVQQD
DA5JRVRGIFRlc3QgRGVtbzAqMAUGAytlbgMhAIUg8AmJMKdUdIt93LQ+91oNvzoNJj
ga9OukqY6qm05qo0UwQzAPBgNVHRMBAf8EBTADAQEAMA4GA1UdDwEBAAQEAwIDCDAg
BgNVHQ4BAQAEFgQUmx9e7e0EM4Xk97xiPFl1uQvIuzswBQYDK2VwA0EAryMB/t3J5v
/BzKc9dNZIpDmAgs3babFOTQbs+BolzlDUwsPrdGxO3YNGhW7Ibz3OGhhlxXrCe1Cg
w1AH9efZBw==
-----END CERTIFICATE-----`)
  const { extensions } = readCertificate(der as Uint8Array)
  t.same(
    [...extensions].map(([id, { critical }]) => [id, critical]),
    [['2.5.29.19', true], ['2.5.29.15', false], ['2.5.29.14', false]]
  )
  const explicit = certificate({ extensions: [sequence(oid('1.2.3'), FALSE, octets())] })
  t.equal(readCertificate(explicit).extensions.get('1.2.3')?.critical, false)
})

test('refuses bytes left over at every level', async (t) => {
  for (const where of ['tbsTail', 'tail', 'garbage'] as const) {
    t.equal(reasonFor({ [where]: hex('0500') }), 'trailing_data', where)
  }
  t.equal(reasonFor({ publicKey: sequence(ECDSA_SHA256, bits(hex('00')), hex('0500')) }), 'trailing_data')
})

test('refuses a signature of broken octets and a key of a wrong type', async (t) => {
  t.equal(reasonFor({ signature: bits(hex('80'), 7) }), 'bit_string_invalid')
  t.equal(reasonFor({ publicKey: sequence(ECDSA_SHA256, octets(hex('00'))) }), 'tag_unexpected')
})

test('refuses what is no Uint8Array, and more than 100 KiB', async (t) => {
  for (const input of [undefined, null, 'MIIB', [], {}, new ArrayBuffer(4)]) {
    t.equal(certificateReason(() => readCertificate(input as never)), 'not_bytes')
  }
  t.equal(reasonFor({ extensions: [extension('1.2.3', Buffer.alloc(102_400))] }), 'too_large')
})

test('says of PEM that it is PEM, and how to decode it', async (t) => {
  const { cert } = await (await createDevCa()).issue({ cn: 'alice' })
  const message = /found PEM; expected DER: decodePem\(…\)\[0\]/
  for (const pem of [cert, `Bag Attributes\n    friendlyName: alice\n${cert}`, cert.repeat(200)]) {
    t.throws(() => parsePeerIdentity(Buffer.from(pem)), {
      code: 'MTLS_ERR_CERTIFICATE_INVALID', reason: 'tag_unexpected', offset: 0, message
    })
    t.throws(() => readCertificate(new TextEncoder().encode(pem)), { message })
    t.throws(() => parsePeerIdentity(pem as never), { reason: 'not_bytes', message })
  }
  t.throws(
    () => parsePeerIdentity(Buffer.from('no certificate')), { reason: 'truncated', message: /truncated at offset 0$/ }
  )
  t.equal(parsePeerIdentity(decodePem(cert)[0] as Uint8Array).commonName, 'alice')
})

test('says where a certificate in a concatenation ends', async (t) => {
  const one = certificate()
  t.equal(certificateEnd(Buffer.concat([one, one])), one.length)
  t.equal(certificateEnd(Buffer.concat([one, one]), one.length), 2 * one.length)
  t.equal(certificateReason(() => certificateEnd(one.subarray(0, 10))), 'truncated')
})

test('names the offset of what is wrong', async (t) => {
  const der = certificate({ serialNumber: integer(0x80) })
  t.throws(() => readCertificate(der), {
    code: 'MTLS_ERR_CERTIFICATE_INVALID',
    reason: 'serial_number_invalid',
    offset: der.indexOf(hex('020180'))
  })
})
