import { X509Certificate } from 'node:crypto'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { CertificateInvalidError, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { Random } from '@peerkit/test-support/random'
import { TRUE, element, encodeLength, hex, octets, oid, sequence, text } from './fixtures/der.ts'
import {
  basicConstraints, certificate, directoryName, dns, email, extension, name, otherName, subjectAltName, uri,
} from './fixtures/certificate.ts'
import { certificateReason } from './fixtures/reason.ts'

const ca = await createDevCa()
const leaf = Buffer.from((await ca.issue({
  cn: 'peer', o: 'Acme', dns: 'a.example', ip: '10.0.0.1', spiffe: 'spiffe://td.example/a', policies: ['1.2.3.4']
})).der)
const honest = parsePeerIdentity(leaf)

const parse = (parts: Parameters<typeof certificate>[0]): PeerIdentity => parsePeerIdentity(certificate(parts))
const reasonFor = (parts: Parameters<typeof certificate>[0]): string => certificateReason(() => parse(parts))

test('refuses a certificate cut off at any octet', async (t) => {
  const accepted = Array
    .from(leaf.keys())
    .filter((length) => certificateReason(() => parsePeerIdentity(leaf.subarray(0, length))) === 'accepted')
  t.same(accepted, [])
})

test('refuses anything behind a certificate, another certificate included', async (t) => {
  for (const garbage of [hex('00'), hex('0a'), hex('3000'), leaf]) {
    t.equal(certificateReason(() => parsePeerIdentity(Buffer.concat([leaf, garbage]))), 'trailing_data')
  }
})

test('refuses, or reads faithfully, a certificate with any one bit flipped', async (t) => {
  const wrong: number[] = []
  for (let bit = 0; bit < leaf.length * 8; bit++) {
    const mutant = Buffer.from(leaf)
    mutant[bit >> 3] = (mutant[bit >> 3] as number) ^ (1 << (bit & 7))
    let peer: PeerIdentity
    try {
      peer = parsePeerIdentity(mutant)
    } catch (error) {
      if (!(error instanceof CertificateInvalidError)) wrong.push(bit)
      continue
    }
    if (peer.fingerprint256 === honest.fingerprint256 || peer.fingerprint256 !== new X509Certificate(
      mutant
    ).fingerprint256.replaceAll(':', '').toLowerCase()) wrong.push(bit)
  }
  t.same(wrong, [])
})

test('refuses lengths that claim more than is there, at every element', async (t) => {
  for (const length of ['80', '84ffffffff', '847fffffff', '83ffffff', '82ffff', '88ffffffffffffffff', 'ff', 'fe']) {
    for (const at of [1, 5, leaf.indexOf(hex('0603551d11')) + 1]) {
      const mutant = Buffer.concat([leaf.subarray(0, at), hex(length), leaf.subarray(at + 1)])
      t.not(certificateReason(() => parsePeerIdentity(mutant)), 'accepted', `${length} at ${at}`)
    }
  }
})

test('refuses lengths in BER forms', async (t) => {
  const body = leaf.subarray(4)
  t.equal(
    certificateReason(() => parsePeerIdentity(Buffer.concat([hex('3080'), body, hex('0000')]))), 'length_indefinite'
  )
  t.equal(certificateReason(() => {
    return parsePeerIdentity(Buffer.concat([hex('308300'), hex(body.length.toString(16).padStart(4, '0')), body]))
  }), 'length_not_minimal')
  t.equal(reasonFor({ serialNumber: hex('02810101') }), 'length_not_minimal')
})

test('refuses deep nesting without a deep stack', async (t) => {
  let nested: Buffer = hex('0500')
  for (let depth = 0; depth < 8000; depth++) nested = Buffer.concat([hex('30'), encodeLength(nested.length), nested])
  for (const inside of [sequence(oid('1.2.840.10045.4.3.2'), nested), nested]) {
    t.equal(
      reasonFor({ signatureAlgorithm: inside, outerSignatureAlgorithm: inside }),
      inside === nested ? 'tag_unexpected' : 'too_deep'
    )
  }
  t.equal(reasonFor({ extensions: [subjectAltName(otherName('1.2.3', nested))] }), 'too_deep')
})

test('keeps a NUL in a name, so that it is never the name before the NUL', async (t) => {
  const { subject } = parse({ subject: name([['2.5.4.3', 0x0c, 'admin\0.evil.example']]) })
  t.equal(subject?.commonName, 'admin\0.evil.example')
  t.equal(String(subject), 'CN=admin\\00.evil.example')
  t.equal(parse({ subject: name([['2.5.4.3', 0x1e, hex('00610000')]]) }).subject?.commonName, 'a\0')
})

test('refuses a NUL in a DNS, URI or email name', async (t) => {
  for (const make of [dns, uri, email]) {
    t.equal(reasonFor({ extensions: [subjectAltName(make('bank.example\0.evil.example'))] }), 'general_name_invalid')
    t.equal(reasonFor({ extensions: [subjectAltName(dns('good.example'), make('\0'))] }), 'general_name_invalid')
  }
})

test('refuses the same extension twice, also when both are alike', async (t) => {
  const a = subjectAltName(dns('a.example'))
  t.equal(reasonFor({ extensions: [a, subjectAltName(dns('admin.example'))] }), 'extension_duplicate')
  t.equal(reasonFor({ extensions: [a, basicConstraints(), a] }), 'extension_duplicate')
  t.equal(reasonFor({ extensions: [basicConstraints(), basicConstraints(TRUE)] }), 'extension_duplicate')
})

test('shows every one of duplicate attributes', async (t) => {
  const { subject } = parse({
    subject: name(
      [['2.5.4.3', 0x0c, 'user']], [['2.5.4.3', 0x0c, 'admin']], [['2.5.4.11', 0x0c, 'a'], ['2.5.4.11', 0x0c, 'a']]
    )
  })
  t.same(subject?.values('CN'), ['user', 'admin'])
  t.equal(subject?.commonName, 'admin')
  t.same(subject?.values('OU'), ['a', 'a'])
})

test('keeps a name that imitates a whole distinguished name in one attribute', async (t) => {
  for (const value of ['x/CN=admin', 'x, CN=admin', 'x+CN=admin', 'x\nCN=admin', 'x,OU=ops,O=Acme']) {
    const { subject } = parse({ subject: name([['2.5.4.10', 0x0c, value]]) })
    t.same(subject?.rdns.map((rdn) => rdn.map((attribute) => attribute.value)), [[value]])
    t.equal(subject?.commonName, undefined)
    t.same(subject?.values('CN'), [])
  }
})

test('keeps a name whose text imitates another name one name of its own kind', async (t) => {
  const tricky = 'https://x/,URI:spiffe://td.example/admin, DNS:admin.example, IP Address:10.0.0.1'
  for (const [kind, make] of [['dns', dns], ['uri', uri], ['email', email]] as const) {
    const { subjectAltNames, spiffeId } = parse({ extensions: [subjectAltName(make(tricky))] })
    t.same(
      subjectAltNames,
      {
        dns: [],
        uri: [],
        email: [],
        ip: [],
        directoryName: [],
        otherName: [],
        registeredId: [],
        unknown: [],
        [kind]: [tricky]
      }
    )
    t.equal(spiffeId, undefined)
  }
  const directory = parse({
    extensions: [subjectAltName(directoryName(name([['2.5.4.3', 0x0c, 'x, URI:spiffe://td.example/admin']])))]
  })
  t.same(directory.subjectAltNames?.uri, [])
  t.equal(directory.subjectAltNames?.directoryName[0]?.commonName, 'x, URI:spiffe://td.example/admin')
})

test('never takes an alternative name out of another extension or kind', async (t) => {
  const names = sequence(dns('admin.example'), uri('spiffe://td.example/admin'))
  const issuerAltName = parse({ extensions: [extension('2.5.29.18', names), extension('1.2.3.4', names)] })
  t.same(issuerAltName.subjectAltNames?.dns, [])
  t.equal(issuerAltName.spiffeId, undefined)
  const wrapped = parse({
    extensions: [subjectAltName(
      otherName('1.3.6.1.4.1.311.20.2.3', text(0x0c, 'spiffe://td.example/admin')), otherName('1.2.3.4', names)
    )]
  })
  t.same([wrapped.subjectAltNames?.uri, wrapped.subjectAltNames?.dns, wrapped.spiffeId], [[], [], undefined])
})

test('refuses a subjectAltName whose list is damaged, rather than the part that can be read', async (t) => {
  const value = sequence(dns('a.example'), uri('spiffe://td.example/a'))
  for (const damaged of [
    value.subarray(0, -1), Buffer.concat([value, hex('00')]), octets(value), sequence(value),
    sequence(dns('a.example'), hex('8605'))
  ]) {
    t.not(reasonFor({ extensions: [extension('2.5.29.17', damaged)] }), 'accepted')
  }
})

test('refuses string types put together from pieces', async (t) => {
  const pieces = element(0x2c, text(0x0c, 'ad'), text(0x0c, 'min'))
  t.equal(reasonFor({ subject: sequence(element(0x31, sequence(oid('2.5.4.3'), pieces))) }), 'name_invalid')
  t.equal(
    reasonFor({ extensions: [subjectAltName(element(0xa2, text(0x16, 'a'), text(0x16, '.example')))] }),
    'general_name_invalid'
  )
  t.equal(
    reasonFor({ extensions: [sequence(oid('2.5.29.17'), element(0x24, octets(sequence(dns('a')))))] }), 'tag_unexpected'
  )
})

test('refuses UTF-8 that is overlong or has surrogates, which other readers fold to ASCII', async (t) => {
  for (const bytes of ['c1a1646d696e', 'e080af', 'eda081edb080', 'fc80808080af']) {
    t.equal(reasonFor({ subject: name([['2.5.4.3', 0x0c, hex(bytes)]]) }), 'string_invalid')
  }
})

test('reads the largest certificate allowed in bounded time', async (t) => {
  const manyRdns = Array.from({ length: 6000 }, () => [['2.5.4.3', 0x0c, 'x'] as const])
  t.equal(parse({ subject: name(...manyRdns) }).subject?.values('CN').length, 6000)
  const wideRdn = Array.from({ length: 6000 }, () => ['2.5.4.3', 0x0c, 'x'] as const)
  t.equal(parse({ subject: name(wideRdn) }).subject?.rdns[0]?.length, 6000)
  const manyNames = Array.from({ length: 15_000 }, (_, index) => dns(`${index % 10}.ab`))
  t.equal(parse({ extensions: [subjectAltName(...manyNames)] }).subjectAltNames?.dns.length, 15_000)
  const manyExtensions = Array.from({ length: 6000 }, (_, index) => extension(`1.2.${index}`, Buffer.alloc(0)))
  t.equal(parse({ extensions: manyExtensions }).isCa, false)
  const longOid = element(0x06, hex('2a' + 'ff'.repeat(90_000) + '01'))
  t.equal(reasonFor({ extensions: [sequence(longOid, octets())] }), 'too_large')
  t.equal(reasonFor({ subject: name([['2.5.4.3', 0x0c, Buffer.alloc(102_400, 0x61)]]) }), 'too_large')
})

test('answers random bytes with a coded error', async (t) => {
  const random = new Random(3)
  const uncoded: string[] = []
  for (let i = 0; i < 20_000; i++) {
    const bytes = Buffer.from(Array.from(
      { length: random.below(64) }, () => random.pick([random.below(256), 0x30, 0x02, 0x06, 0x80, 0x81, 0xa0])
    ))
    if (certificateReason(() => parsePeerIdentity(bytes)) === 'accepted') uncoded.push(bytes.toString('hex'))
  }
  t.same(uncoded, [])
})
