import { parsePeerIdentity } from '@peerkit/identity'
import { X509Certificate } from 'node:crypto'
import { test } from 'tap'
import { ca, hexOf, isIssuedBy, issueAndRead } from './support/read.ts'

const SERVER = '1.3.6.1.5.5.7.3.1'
const CLIENT = '1.3.6.1.5.5.7.3.2'
const NULL = Uint8Array.of(5, 0)

test('the profile decides what a certificate is for; both by default', async (t) => {
  for (const [profile, expected] of [
    ['server', [SERVER]], ['client', [CLIENT]], ['both', [SERVER, CLIENT]], [undefined, [SERVER, CLIENT]]
  ] as const) {
    const { peer, node } = await issueAndRead(profile === undefined ? {} : { profile })
    t.same(peer.extendedKeyUsage, expected)
    t.same(node.keyUsage, expected)
  }
})

test('every kind of subject alternative name is read back as given', async (t) => {
  const { peer, node } = await issueAndRead({
    dns: ['a.example', '*.b.example'],
    ip: ['192.0.2.1', '2001:db8::1', '::', '1:2:3:4:5:6:7:8', '1::'],
    uri: 'https://example.com/a',
    email: 'ops@example.com',
    upn: ['anna@corp.example'],
    directoryName: [{ type: 'O', value: 'Example' }, { type: 'CN', value: 'dir' }]
  })
  const names = peer.subjectAltNames
  t.same(names?.dns, ['a.example', '*.b.example'])
  t.same(names?.ip, ['192.0.2.1', '2001:db8::1', '::', '1:2:3:4:5:6:7:8', '1::'])
  t.same(names?.uri, ['https://example.com/a'])
  t.same(names?.email, ['ops@example.com'])
  t.match(names?.otherName, [{ type: '1.3.6.1.4.1.311.20.2.3', value: 'anna@corp.example' }])
  t.same(names?.directoryName.map(String), ['CN=dir,O=Example'])
  for (const part of [
    'DNS:a.example, DNS:*.b.example, IP Address:192.0.2.1', 'IP Address:2001:DB8:0:0:0:0:0:1',
    'URI:https://example.com/a', 'email:ops@example.com', 'DirName:'
  ]) {
    t.ok(node.subjectAltName?.includes(part), part)
  }
})

test('a SPIFFE ID makes an X.509-SVID', async (t) => {
  const { peer } = await issueAndRead({ spiffe: 'spiffe://td.example/ns/a/sa/b' })
  t.equal(peer.spiffeId, 'spiffe://td.example/ns/a/sa/b')
})

test('alternative names are critical only where the subject is empty', async (t) => {
  t.match((await issueAndRead({ dns: 'a.example' })).octets, /0603551d110101ff04/)
  t.match((await issueAndRead({ cn: 'a', dns: 'a.example' })).octets, /0603551d1104/)
})

test('policies, CRL and OCSP addresses are put in', async (t) => {
  const { peer, node, octets } = await issueAndRead({
    policies: ['1.2.3.4', '2.5.29.32.0'],
    crlUrls: ['http://crl.example/a', 'http://crl.example/b'],
    ocspUrls: ['http://ocsp.example']
  })
  t.same(peer.policies, ['1.2.3.4', '2.5.29.32.0'])
  t.match(node.infoAccess, /OCSP - URI:http:\/\/ocsp\.example/)
  for (const url of ['http://crl.example/a', 'http://crl.example/b']) t.ok(octets.includes(hexOf(url)))
})

test('on purpose wrong: another usage, none, or an OID of its own', async (t) => {
  t.same(
    (await issueAndRead({ extendedKeyUsage: ['codeSigning', '1.2.3.4'] })).peer.extendedKeyUsage,
    ['1.3.6.1.5.5.7.3.3', '1.2.3.4']
  )
  t.same((await issueAndRead({ profile: 'client', extendedKeyUsage: [] })).peer.extendedKeyUsage, [])
})

test('on purpose wrong: a leaf that says it is a CA has no SPIFFE ID', async (t) => {
  const { peer, node } = await issueAndRead({ ca: true, spiffe: 'spiffe://td.example/a' })
  t.ok(peer.isCa)
  t.ok(node.ca)
  t.equal(peer.spiffeId, undefined)
})

test('on purpose wrong: no names at all, or many URIs', async (t) => {
  const { peer } = await issueAndRead({ cn: 'only-cn' })
  t.same([peer.subjectAltNames?.dns, peer.subjectAltNames?.uri], [[], []])
  const many = Array.from({ length: 40 }, (_, index) => `spiffe://td.example/${index}`)
  const crowded = (await issueAndRead({ uri: many })).peer
  t.same(crowded.subjectAltNames?.uri, many)
  t.equal(crowded.spiffeId, undefined)
})

test('on purpose wrong: hostile alternative names keep their octets', async (t) => {
  const { peer } = await issueAndRead({ dns: ['a.example, DNS:b.example'], uri: 'spiffe://td.example/"a"', checkNames: false })
  t.same(peer.subjectAltNames?.dns, ['a.example, DNS:b.example'])
  t.same(peer.subjectAltNames?.uri, ['spiffe://td.example/"a"'])
  const { der } = await ca.issue({ dns: 'x\0.example', checkNames: false })
  t.ok(Buffer.from(der).includes('x\0.example'))
  t.throws(() => parsePeerIdentity(der), { code: 'MTLS_ERR_CERTIFICATE_INVALID' })
})

test('an extension of one\'s own takes the place of the made one', async (t) => {
  const { peer, octets } = await issueAndRead({
    dns: 'made.example', extensions: [{ oid: '2.5.29.17', value: Buffer.from('3007820561' + hexOf('.own'), 'hex') }]
  })
  t.same(peer.subjectAltNames?.dns, ['a.own'])
  t.notOk(octets.includes(hexOf('made.example')))
})

test('on purpose wrong: an extension twice is in the certificate twice, which the suite refuses', async (t) => {
  const twice = { oid: '1.2.3.4', value: NULL }
  const { der, cert } = await ca.issue({ extensions: [twice, twice] })
  t.equal(Buffer.from(der).toString('hex').split('06032a0304').length, 3)
  t.ok(isIssuedBy(cert, ca.certificate))
  t.throws(() => parsePeerIdentity(der), { code: 'MTLS_ERR_CERTIFICATE_INVALID' })
})

test('on purpose wrong: an unknown critical extension', async (t) => {
  const { cert, der } = await ca.issue({ extensions: [{ oid: '1.2.3.4', critical: true, value: NULL }] })
  t.ok(Buffer.from(der).includes(Buffer.from('06032a03040101ff04020500', 'hex')))
  t.ok(new X509Certificate(cert).verify(new X509Certificate(ca.certificate).publicKey))
})

test('wrong options of a leaf are refused by name', async (t) => {
  const wrong: ReadonlyArray<[object, RegExp]> = [
    [{ profile: 'peer' }, /profile is "peer"; expected server, client or both/],
    [{ prfile: 'client' }, /unknown option "prfile" for issue; did you mean "profile"\?/],
    [{ toString: 1 }, /unknown option "toString"/],
    [{ key: 'dsa' }, /key is "dsa"/],
    [{ cn: 5 }, /cn is 5; expected a string/],
    [{ dns: [5] }, /dns is a list; expected a string or a list of strings/],
    [{ ca: 'yes' }, /ca is "yes"/],
    [{ days: NaN }, /days is NaN/],
    [{ notAfter: '2020' }, /notAfter is "2020"/],
    [{ notBefore: new Date(NaN) }, /notBefore is an invalid Date/],
    [{ serialNumber: '0' }, /serialNumber is "0"/],
    [{ serialNumber: '00' }, /serialNumber is "00"/],
    [{ serialNumber: 'zz' }, /serialNumber is "zz"/],
    [{ policies: ['x'] }, /policies\[0\] is "x"; expected a dotted OID/],
    [{ extendedKeyUsage: ['clientauth'] }, /extendedKeyUsage\[0\] is "clientauth"; expected .*clientAuth/],
    [{ extensions: [{ oid: '1.2.3', value: 1.5 }] }, /extensions is/],
    [{ extensions: [null] }, /extensions is/],
    [{ subject: [{ type: 'CN' }] }, /subject is/],
    [{ subject: [{ type: 'CN', value: 'a', encoding: 'ebcdic' }] }, /subject is a list; expected a list of \{ type, value, encoding\? \}, .* encoding of utf8/],
    [{ subject: [{ type: 'XX', value: 'a' }] }, /attribute type is "XX"/],
  ]
  for (const [options, message] of wrong) {
    await t.rejects(ca.issue(options), { code: 'MTLS_ERR_DEV_CA_OPTION', message })
  }
  for (const ip of ['1', '1.2.3', '::ffff:1.2.3.4', 'fe80::1%eth0', '']) {
    await t.rejects(ca.issue({ ip }), { code: 'MTLS_ERR_DEV_CA_OPTION', message: `ip is "${ip}"` })
  }
})

test('the caller\'s options are not written to', async (t) => {
  const options = Object.freeze({
    cn: 'a',
    dns: Object.freeze(['a.example']),
    extensions: Object.freeze([Object.freeze({ oid: '1.2.3.4', value: NULL })])
  })
  await t.resolves(ca.issue(options))
})
