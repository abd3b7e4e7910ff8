import { test } from 'tap'
import { claimsOf, limitPeerIdentity, parsePeerIdentity } from '../src/index.ts'
import type { CertificateFlaw, PeerIdentity, SubjectAltNameKind } from '../src/index.ts'
import { decodeSignedHex, encodeSignedHex } from '../src/der/index.ts'
import { summarizeCertificate } from '../src/x509/index.ts'
import { certificate, dns, email, extension, ip, otherName, subjectAltName, uri } from './fixtures/certificate.ts'
import { certificateReason, derReason } from './fixtures/reason.ts'
import { element, hex, integer, sequence, text } from './fixtures/der.ts'

const BOTH: readonly CertificateFlaw[] = ['alt-names', 'serial-number']
const latin1 = (value: string): Buffer => Buffer.from(value, 'latin1')
const withNames = (...names: readonly Uint8Array[]): Buffer => certificate({ extensions: [subjectAltName(...names)] })
const parse = (der: Uint8Array, tolerate = BOTH): PeerIdentity => parsePeerIdentity(der, { tolerate })

test('a negative INTEGER is its amount with a minus, and no two have the same text', (t) => {
  for (const [octets, shown] of [
    ['00', '00'], ['7f', '7f'], ['0080', '80'], ['00ff', 'ff'], ['ff', '-01'], ['81', '-7f'], ['80', '-80'],
    ['ff7f', '-81'], ['8000', '-8000'], ['ff00', '-0100'], ['feff', '-0101'],
    [`80${'00'.repeat(63)}`, `-80${'00'.repeat(63)}`]
  ] as const) {
    const bytes = hex(octets)
    t.equal(decodeSignedHex(bytes, 0, bytes.length), shown)
    t.equal(Buffer.from(encodeSignedHex(shown)).toString('hex'), octets)
  }
  t.equal(derReason(() => decodeSignedHex(Uint8Array.of(0xff, 0xff), 0, 2)), 'integer_invalid')
  t.equal(Buffer.from(encodeSignedHex('-00')).toString('hex'), '00')
  t.end()
})

test('a name that cannot be read makes its kind unknown, and only its kind', (t) => {
  const cases: ReadonlyArray<readonly [Uint8Array, SubjectAltNameKind]> = [
    [email(latin1('j\xfcrgen@example.org')), 'email'], [email('j\u00fcrgen@example.org'), 'email'],
    [email(''), 'email'], [email('a@b\0.example'), 'email'], [uri('https://example.org/b\u00fccher'), 'uri'],
    [uri(''), 'uri'], [dns('b\u00fccher.example'), 'dns'], [dns(''), 'dns'], [dns('a.example\0.b.example'), 'dns'],
    [ip(), 'ip'], [ip(10, 0, 0, 0, 255, 0, 0, 0), 'ip'],
    [otherName('1.3.6.1.5.5.7.8.9', text(0x0c, hex('ff'))), 'otherName'],
    [otherName('1.3.6.1.4.1.311.20.2.3', text(0x16, latin1('j\xfcrgen'))), 'otherName']
  ]
  for (const [name, kind] of cases) {
    const der = withNames(dns('a.example'), email('a@a.example'), name)
    t.throws(() => parsePeerIdentity(der), { code: 'MTLS_ERR_CERTIFICATE_INVALID' })
    t.throws(() => parse(der, ['serial-number']), { code: 'MTLS_ERR_CERTIFICATE_INVALID' })
    const peer = parse(der)
    t.same(peer.tolerated, ['alt-names'])
    t.same(peer.subjectAltNames?.unknown, [kind])
    t.same(peer.subjectAltNames?.[kind], [], 'also the names of the kind that can be read')
    t.same(peer.subjectAltNames?.dns, kind === 'dns' ? [] : ['a.example'])
    t.same(claimsOf(peer).subjectAltNames?.dns, ['a.example'], 'the claims have what can be read')
    t.same(limitPeerIdentity(peer, 'x', []).subjectAltNames?.[kind], [])
    t.match(limitPeerIdentity(peer, 'x', ['subject']), { tolerated: ['alt-names'], subject: undefined })
    t.match(peer.toJSON(), { tolerated: ['alt-names'] })
  }
  t.end()
})

test('a certificate with a URI that cannot be read has no SPIFFE ID', (t) => {
  const peer = parse(withNames(uri('spiffe://prod.example/web'), uri('https://example.org/\u00fc')))
  t.equal(peer.spiffeId, undefined)
  t.equal(claimsOf(peer).spiffeId, undefined)
  t.same(claimsOf(peer).subjectAltNames?.uri, ['spiffe://prod.example/web'])
  t.end()
})

test('alternative names without a name are known: there is none', (t) => {
  const peer = parse(withNames())
  t.same(peer.tolerated, ['alt-names'])
  t.same(peer.subjectAltNames?.unknown, [])
  t.equal(peer.toString(), parse(certificate()).toString().replace(/sha256:.{16}/, /sha256:.{16}/.exec(String(peer))![0]))
  t.end()
})

test('what OpenSSL refuses is refused: the structure must be DER, and other kinds must be right', (t) => {
  for (const extensions of [
    [extension('2.5.29.17', Buffer.alloc(0))], [extension('2.5.29.17', sequence(), false), extension('2.5.29.17', sequence())],
    [subjectAltName(element(0x89, hex('00')))], [subjectAltName(hex('8105aa'))], [subjectAltName(element(0x88))],
    [subjectAltName(element(0xa4, sequence(element(0x31))))], [subjectAltName(element(0xa0, hex('060100')))],
    [subjectAltName(otherName('1.2.3', hex('30050c0161')))], [extension('2.5.29.17', Buffer.concat([sequence(), hex('00')]))],
    [subjectAltName(element(0xa0, hex('06028001'), element(0xa0, text(0x16, latin1('\xfc')))))]
  ]) t.throws(() => parse(certificate({ extensions })), { code: 'MTLS_ERR_CERTIFICATE_INVALID' })
  t.end()
})

test('a negative serial number is told, and differs from the positive one of the same octets', (t) => {
  const [negative, positive] = [certificate({ serialNumber: integer(0xff) }), certificate({ serialNumber: integer(0, 0xff) })]
  t.equal(certificateReason(() => parsePeerIdentity(negative)), 'serial_number_invalid')
  t.equal(certificateReason(() => parse(negative, ['alt-names'])), 'serial_number_invalid')
  t.match(parse(negative), { serialNumber: '-01', tolerated: ['serial-number'] })
  t.match(parse(positive), { serialNumber: 'ff', tolerated: [] })
  t.equal(parse(certificate({ serialNumber: integer(0) })).serialNumber, '00', 'zero is read without the option')
  t.equal(summarizeCertificate(negative).serialNumber, '-01')
  t.equal(certificateReason(() => parse(certificate({ serialNumber: integer(...new Array(65).fill(0x80)) }))), 'too_large')
  t.equal(parsePeerIdentity(positive, { tolerate: [] }).tolerated.length, 0)
  t.end()
})

test('an option that is not a list of flaws is refused', (t) => {
  for (const tolerate of ['alt-names', ['altNames'], [1]]) {
    t.throws(() => parsePeerIdentity(certificate(), { tolerate: tolerate as never }), { code: 'MTLS_ERR_IDENTITY_OPTION' })
  }
  t.end()
})
