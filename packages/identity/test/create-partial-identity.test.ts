import { test } from 'tap'
import { createPartialIdentity, parseDistinguishedName, parsePeerIdentity } from '@peerkit/identity'
import { certificate, dns, subjectAltName, uri } from './fixtures/certificate.ts'

const DIGEST = 'AB:'.repeat(31) + 'CD'

test('knows what it was told and nothing else', async (t) => {
  const peer = createPartialIdentity({ subject: 'CN=x,O=y' })
  t.equal(peer.subject?.commonName, 'x')
  const {
    issuer, subjectAltNames, spiffeId, serialNumber, notBefore, notAfter, fingerprint256, publicKey256,
    extendedKeyUsage, policies, isCa, chain, raw
  } = peer
  for (const value of [
    issuer, subjectAltNames, spiffeId, serialNumber, notBefore, notAfter, fingerprint256, publicKey256,
    extendedKeyUsage, policies, isCa, chain, raw
  ]) {
    t.equal(value, undefined)
  }
  t.equal(peer.source, 'forwarded')
  t.same(peer.via, [])
  t.ok(Object.isFrozen(peer))
})

test('takes every field, in the spellings of gateways', async (t) => {
  const via = createPartialIdentity({ subject: 'CN=gateway' })
  const peer = createPartialIdentity({
    subject: parseDistinguishedName('CN=x'),
    issuer: 'CN=ca',
    serialNumber: '00:0A:BC',
    notBefore: 1,
    notAfter: 2,
    fingerprint256: DIGEST,
    publicKey256: DIGEST.toLowerCase(),
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'],
    policies: [],
    keyUsage: ['keyAgreement', 'digitalSignature'],
    isCa: false,
    source: 'tls',
    chain: [via],
    via: [via],
    subjectAltNames: {
      dns: ['a.example'],
      uri: [],
      email: ['a@b'],
      ip: ['10.0.0.1', '2001:DB8:0:0::1', '::ffff:192.0.2.1', '::'],
      directoryName: ['CN=d', parseDistinguishedName('CN=e')],
      otherName: [{ type: '1.2.3', value: 'v' }, { type: '1.2.4', raw: Uint8Array.of(5, 0) }],
      registeredId: ['1.2.3']
    },
  })
  t.equal(peer.serialNumber, '0abc')
  t.equal(peer.fingerprint256, DIGEST.replaceAll(':', '').toLowerCase())
  t.equal(peer.fingerprint256, peer.publicKey256)
  t.same(peer.subjectAltNames?.ip, ['10.0.0.1', '2001:db8::1', '::ffff:c000:201', '::'])
  t.same(peer.subjectAltNames?.directoryName.map(String), ['CN=d', 'CN=e'])
  t.same(peer.subjectAltNames?.otherName[1]?.raw, Uint8Array.of(5, 0))
  t.same(peer.subjectAltNames?.registeredId, ['1.2.3'])
  t.same(peer.subjectAltNames?.unknown, [])
  t.same(peer.keyUsage, ['digitalSignature', 'keyAgreement'])
  t.same([peer.isCa, peer.source, peer.notBefore, peer.notAfter], [false, 'tls', 1, 2])
  t.equal(createPartialIdentity({ serialNumber: '0' }).serialNumber, '00')
})

test('tells unknown alternative names from absent ones', async (t) => {
  t.same(
    createPartialIdentity({ subjectAltNames: { uri: ['urn:a'] } }).subjectAltNames?.unknown,
    ['dns', 'email', 'ip', 'directoryName', 'otherName', 'registeredId']
  )
  t.same(
    createPartialIdentity({ subjectAltNames: { dns: [], uri: undefined } }).subjectAltNames?.unknown,
    ['uri', 'email', 'ip', 'directoryName', 'otherName', 'registeredId']
  )
})

test('takes the names of a parsed identity', async (t) => {
  const { subjectAltNames, subject } = parsePeerIdentity(certificate({
    extensions: [subjectAltName(dns('a'), uri('spiffe://td/a'))]
  }))
  const peer = createPartialIdentity({ subject, subjectAltNames })
  t.same(peer.subjectAltNames, subjectAltNames)
  t.equal(peer.spiffeId, 'spiffe://td/a')
  const partial = createPartialIdentity({ subjectAltNames: { dns: ['a'] } })
  t.same(createPartialIdentity({ subjectAltNames: partial.subjectAltNames }).subjectAltNames, partial.subjectAltNames)
})

test('derives a SPIFFE ID from the one URI, or the URI from the SPIFFE ID', async (t) => {
  t.equal(createPartialIdentity({ subjectAltNames: { uri: ['spiffe://td/a'] } }).spiffeId, 'spiffe://td/a')
  t.equal(createPartialIdentity({ subjectAltNames: { uri: ['spiffe://td/a', 'urn:b'] } }).spiffeId, undefined)
  t.equal(createPartialIdentity({ subjectAltNames: { uri: ['spiffe://td'] } }).spiffeId, undefined)
  t.equal(createPartialIdentity({ subjectAltNames: { uri: ['spiffe://td/a'] }, isCa: true }).spiffeId, undefined)
  const peer = createPartialIdentity({ spiffeId: 'spiffe://td/a', subjectAltNames: { dns: ['a'] } })
  t.same(
    [peer.spiffeId, peer.subjectAltNames?.uri, peer.subjectAltNames?.unknown.includes('uri')],
    ['spiffe://td/a', ['spiffe://td/a'], false]
  )
  for (const uri of [['urn:b'], ['spiffe://td/a', 'urn:b'], []]) {
    t.throws(
      () => createPartialIdentity({ spiffeId: 'spiffe://td/a', subjectAltNames: { uri } }),
      { code: 'MTLS_ERR_IDENTITY_OPTION' }
    )
  }
  t.throws(
    () => createPartialIdentity({ spiffeId: 'spiffe://td' }), /spiffeId is "spiffe:\/\/td"; expected an ID with a path/
  )
  t.throws(() => createPartialIdentity({ spiffeId: 'spiffe://td/a', isCa: true }), /isCa is true; expected/)
  t.throws(() => createPartialIdentity({ spiffeId: 'spiffe://TD/a' }), { code: 'MTLS_ERR_SPIFFE_ID_INVALID' })
})

test('refuses unknown keys and says which was meant', async (t) => {
  t.throws(() => createPartialIdentity({ subject: 'CN=x', serial: '01' } as never), /unknown option "serial" for createPartialIdentity; did you mean "serialNumber"\?/)
  t.throws(() => createPartialIdentity({ subject: 'CN=x', isCA: true } as never), /did you mean "isCa"/)
  t.throws(() => createPartialIdentity({ subjet: 'CN=x' } as never), /did you mean "subject"/)
  t.throws(
    () => createPartialIdentity({ subjectAltNames: { DNS: ['a'] } } as never),
    /unknown option "DNS" for subjectAltNames; did you mean "dns"/
  )
})

test('refuses to name nobody', async (t) => {
  for (const known of [{}, { issuer: 'CN=ca' }, { notAfter: 5 }, { subject: undefined }]) {
    t.throws(() => createPartialIdentity(known), /known has no name; expected at least one of subject/)
  }
  for (const known of [null, undefined, 'CN=x', 5]) {
    t.throws(() => createPartialIdentity(known as never), { code: 'MTLS_ERR_IDENTITY_OPTION' })
  }
})

test('refuses values that cannot be', async (t) => {
  const wrong: Record<string, readonly unknown[]> = {
    subject: [5, {}, { rdns: [] }, null],
    serialNumber: ['', 'xyz', '-1', 5, '0x01', '1'.repeat(129)],
    fingerprint256: ['', 'ab', 'g'.repeat(64), 5, DIGEST + '00'],
    publicKey256: ['ab'],
    notBefore: ['2025-01-01', NaN, 1.5, new Date(), null],
    extendedKeyUsage: ['1.2.3', ['clientAuth'], [5], {}],
    policies: [['1']],
    keyUsage: ['digitalSignature', ['signing'], [5]],
    isCa: ['true', 1, null],
    source: ['header'],
    chain: [[{}], {}],
    via: [[null], 'x'],
    subjectAltNames: [null, 'a', [], { dns: 'a' }, { dns: [''] }, { dns: ['a\0'] }, { uri: ['ü'] }, { uri: [5] },
      { ip: ['10.0.0'] }, { ip: ['fe80::1%eth0'] }, { ip: [5] }, { directoryName: [5] }, { otherName: [null] },
      { otherName: [{ type: 'x' }] }, { otherName: [{ type: '1.2.3', value: 5 }] },
      { otherName: [{ type: '1.2.3', raw: 'x' }] }, { registeredId: ['1.2.x'] }, { registeredId: [5] }],
  }
  for (const [key, values] of Object.entries(wrong)) {
    for (const value of values) {
      t.throws(
        () => createPartialIdentity({ subject: 'CN=x', [key]: value }), { code: 'MTLS_ERR_IDENTITY_OPTION' },
        `${key} ${JSON.stringify(value)}`
      )
    }
  }
  t.throws(() => createPartialIdentity({ subject: 'x' }), { code: 'MTLS_ERR_NAME_INVALID' })
})

test('does not change or keep what it was given', async (t) => {
  const dnsNames = ['a']
  const known = { subject: 'CN=x', subjectAltNames: { dns: dnsNames }, policies: ['1.2.3'] }
  const peer = createPartialIdentity(known)
  dnsNames.push('b')
  known.policies.push('1.2.4')
  t.same(peer.subjectAltNames?.dns, ['a'])
  t.same(peer.policies, ['1.2.3'])
  t.notOk(Object.isFrozen(known))
})
