// Certificates of real profiles, encoded by OpenSSL and by pyca/cryptography and read by us; and what dev-ca encodes, read by both of them.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssueOptions } from '@peerkit/dev-ca'
import { decodePem, parsePeerIdentity, type PeerIdentity } from '@peerkit/identity'
import { compileRules } from '@peerkit/rules'
import { test, type Test } from 'tap'
import { requireTool } from './require-tool.ts'

const openssl = requireTool('openssl')
requireTool('python3')
// The system's Python: another one may come first in the PATH.
const python = '/usr/bin/python3'

/** A self-signed certificate with extensions that OpenSSL encodes from a description. */
function mint (t: Test, config: string): PeerIdentity {
  const folder = t.testdir({ 'profile.cnf': config })
  const file = (name: string): string => join(folder, name)
  execFileSync(openssl, [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('key.pem'),
    '-config', file('profile.cnf'), '-out', file('cert.pem'), '-utf8'
  ], { stdio: 'pipe' })
  return parsePeerIdentity(decodePem(readFileSync(file('cert.pem'), 'utf8'))[0]!)
}

const allows = (rule: object, peer: PeerIdentity): unknown => (compileRules([rule]).authorize(peer) as { allowed: boolean }).allowed

test('openssl encodes a QWAC for payment services', async (t) => {
  const peer = mint(t, `
[req]
distinguished_name = dn
x509_extensions = ext
prompt = no
string_mask = utf8only
[dn]
C = ES
O = Banco de Pagos
organizationIdentifier = PSDES-BDE-3DFD21
CN = tpp.example
[ext]
keyUsage = critical, digitalSignature
1.3.6.1.5.5.7.1.3 = ASN1:SEQUENCE:statements
[statements]
semantics = SEQUENCE:semantics
compliance = SEQUENCE:compliance
retention = SEQUENCE:retention
pds = SEQUENCE:pds
type = SEQUENCE:type
psd2 = SEQUENCE:psd2
[semantics]
id = OID:1.3.6.1.5.5.7.11.2
info = SEQUENCE:semanticsInfo
[semanticsInfo]
id = OID:0.4.0.194121.1.2
[compliance]
id = OID:0.4.0.1862.1.1
[retention]
id = OID:0.4.0.1862.1.3
years = INTEGER:15
[pds]
id = OID:0.4.0.1862.1.5
info = SEQUENCE:pdsLocations
[pdsLocations]
en = SEQUENCE:pdsLocation
[pdsLocation]
url = IA5STRING:https://tsp.example/pds_en.pdf
language = PRINTABLESTRING:en
[type]
id = OID:0.4.0.1862.1.6
info = SEQUENCE:types
[types]
web = OID:0.4.0.1862.1.6.3
[psd2]
id = OID:0.4.0.19495.2
info = SEQUENCE:services
[services]
roles = SEQUENCE:roles
name = FORMAT:UTF8,UTF8String:Banco de España
id = UTF8String:ES-BDE
[roles]
ai = SEQUENCE:ai
pi = SEQUENCE:pi
[ai]
id = OID:0.4.0.19495.1.3
name = UTF8String:PSP_AI
[pi]
id = OID:0.4.0.19495.1.2
name = IA5STRING:PSP_PI
`)
  t.same(peer.qualified?.psd2, { roles: ['0.4.0.19495.1.3', '0.4.0.19495.1.2'], authority: 'ES-BDE', authorityName: 'Banco de España' })
  t.same(peer.qualified?.types, ['0.4.0.1862.1.6.3'])
  t.equal(peer.qualified?.statements.length, 6)
  t.equal(allows({
    qualified: { type: 'web', statement: 'QcCompliance', psd2: { roles: 'PSP_PI', authority: 'ES-BDE' } },
    subject: { organizationIdentifier: { type: 'PSD', country: 'ES', authority: 'BDE', number: '3DFD21' } },
    keyUsage: 'digitalSignature'
  }, peer), true)
  t.equal(allows({ qualified: { psd2: { roles: 'PSP_AS' } } }, peer), false)
})

test('openssl encodes the admission of a practice and of a physician, as gematik profiles them', async (t) => {
  const profile = (extension: string): string => `
[req]
distinguished_name = dn
x509_extensions = ext
prompt = no
[dn]
CN = Praxis Dr. Frost
[ext]
1.3.36.8.3.3 = ${extension}
`
  const practice = mint(t, `${profile('ASN1:SEQUENCE:admission')}
[admission]
contents = SEQUENCE:contents
[contents]
one = SEQUENCE:admissions
[admissions]
infos = SEQUENCE:infos
[infos]
one = SEQUENCE:info
[info]
items = SEQUENCE:items
oids = SEQUENCE:oids
number = PRINTABLESTRING:1-2-ARZT-WalterFrost01
[items]
one = FORMAT:UTF8,UTF8String:Betriebsstätte Arzt
[oids]
one = OID:1.2.276.0.76.4.50
`)
  t.same(practice.admission, [{
    professions: ['Betriebsstätte Arzt'], professionOids: ['1.2.276.0.76.4.50'], registrationNumber: '1-2-ARZT-WalterFrost01'
  }])
  const physician = mint(t, `${profile('ASN1:SEQUENCE:admission')}
[admission]
authority = IMPLICIT:4C,SEQUENCE:directory
contents = SEQUENCE:contents
[directory]
name = SEQUENCE:rdns
[rdns]
one = SET:rdn
[rdn]
one = SEQUENCE:attribute
[attribute]
type = OID:2.5.4.6
value = PRINTABLESTRING:DE
[contents]
one = SEQUENCE:admissions
[admissions]
authority = EXPLICIT:0C,IMPLICIT:6C,IA5STRING:https://kammer.example
naming = EXPLICIT:1C,SEQUENCE:naming
infos = SEQUENCE:infos
[naming]
id = OID:1.2.276.0.76.3
url = IA5STRING:https://kammer.example
text = BMPSTRING:Kammer
[infos]
one = SEQUENCE:info1
two = SEQUENCE:info2
[info1]
items = SEQUENCE:items1
oids = SEQUENCE:oids1
number = UTF8String:1-HBA-Testkarte-1
more = FORMAT:HEX,OCTETSTRING:00
[items1]
one = BMPSTRING:Arzt
[oids1]
one = OID:1.2.276.0.76.4.30
[info2]
naming = EXPLICIT:0C,SEQUENCE:naming
items = SEQUENCE:items2
[items2]
one = T61STRING:Notarzt
`)
  t.same(physician.admission, [
    { professions: ['Arzt'], professionOids: ['1.2.276.0.76.4.30'], registrationNumber: '1-HBA-Testkarte-1' },
    { professions: ['Notarzt'], professionOids: [], registrationNumber: undefined }
  ])
  t.equal(allows({ admission: { profession: '1.2.276.0.76.4.30', registrationNumber: '1-HBA-Testkarte-1' } }, physician), true)
  t.equal(allows({ admission: { profession: 'Notarzt', registrationNumber: '1-HBA-Testkarte-1' } }, physician), false)
})

test('openssl encodes the certificate of a charging station, as OCPP profiles it, and extensions of every type', async (t) => {
  const peer = mint(t, `
[req]
distinguished_name = dn
x509_extensions = ext
prompt = no
[dn]
O = Charge Point Operator
CN = CS-0001
[ext]
keyUsage = critical, digitalSignature, keyAgreement
subjectAltName = otherName:1.3.6.1.4.1.311.20.2.3;UTF8:cs-0001@cpo.example, RID:1.3.6.1.4.1.99999.7, otherName:1.3.6.1.4.1.99999.8;INTEGER:42
1.3.6.1.4.1.99999.1 = ASN1:UTF8String:blue
1.3.6.1.4.1.99999.2 = critical, ASN1:BOOLEAN:TRUE
1.3.6.1.4.1.99999.3 = ASN1:INTEGER:-129
1.3.6.1.4.1.99999.4 = ASN1:FORMAT:HEX,OCTETSTRING:00ff
1.3.6.1.4.1.99999.5 = ASN1:OID:1.2.3
1.3.6.1.4.1.99999.6 = ASN1:UTCTIME:270315000000Z
1.3.6.1.4.1.99999.7 = ASN1:FORMAT:BITLIST,BITSTRING:0,2
1.3.6.1.4.1.99999.8 = ASN1:ENUMERATED:3
`)
  const rule = (last: number, value: unknown): object => ({ extension: { oid: `1.3.6.1.4.1.99999.${last}`, value } })
  for (const each of [
    { cn: 'CS-0001', o: 'Charge Point Operator', keyUsage: 'keyAgreement' }, { upn: 'cs-0001@CPO.example' },
    { registeredId: '1.3.6.1.4.1.99999.7' }, { otherName: { oid: '1.3.6.1.4.1.99999.8', value: 42 } },
    rule(1, 'blue'), rule(2, true), { extension: { oid: '1.3.6.1.4.1.99999.2', critical: true } }, rule(3, -129),
    rule(4, { octets: '00ff' }), rule(5, { oid: '1.2.3' }), rule(6, { time: '2027-03-15T00:00:00Z' }), rule(7, { bits: '101' }), rule(8, 3)
  ]) {
    t.equal(allows(each, peer), true, JSON.stringify(each))
    t.equal(allows({ not: each }, peer), false)
  }
})

/** What pyca/cryptography reads of a certificate, as JSON. */
const READ = `
import json, sys
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
certificate = x509.load_der_x509_certificate(open(sys.argv[1], 'rb').read())
names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
print(json.dumps({
  'other': [[name.type_id.dotted_string, name.value.hex()] for name in names if isinstance(name, x509.OtherName)],
  'registered': [name.value.dotted_string for name in names if isinstance(name, x509.RegisteredID)],
  'directory': [name.value.rfc4514_string() for name in names if isinstance(name, x509.DirectoryName)],
  'usage': [usage.digital_signature, usage.content_commitment, usage.key_agreement],
  'identifier': [attribute.value for attribute in certificate.subject.get_attributes_for_oid(x509.ObjectIdentifier('2.5.4.97'))],
  'extensions': {one.oid.dotted_string: [one.critical, one.value.value.hex()] for one in certificate.extensions if isinstance(one.value, x509.UnrecognizedExtension)}
}))
`

test('pyca/cryptography and OpenSSL read what dev-ca encodes as we do', async (t) => {
  const ca = await createDevCa()
  const options: IssueOptions = {
    subject: [{ type: 'organizationIdentifier', value: 'PSDDE-BAFIN-123456' }, { type: 'CN', value: 'a' }],
    upn: 'anna@corp.example',
    otherName: { oid: '1.2.3', value: 5 },
    registeredId: '1.2.4',
    directoryName: [{ type: 'O', value: 'Acme' }],
    keyUsage: ['digitalSignature', 'keyAgreement'],
    qualified: { type: 'web', psd2: { roles: ['PSP_AI', 'VOP_RS'], authority: 'DE-BAFIN', authorityName: 'BaFin' } },
    admission: { profession: 'Arzt', professionOid: '1.2.276.0.76.4.30', registrationNumber: '1-HBA-1' },
    extensions: [{ oid: '1.2.5', critical: true, value: 'blue' }]
  }
  const { der } = await ca.issue(options)
  const peer = parsePeerIdentity(der)
  const folder = t.testdir({})
  const file = join(folder, 'leaf.der')
  writeFileSync(file, der)
  const read = JSON.parse(execFileSync(python, ['-W', 'ignore', '-c', READ, file], { encoding: 'utf8' }))
  t.same(read.other, peer.subjectAltNames?.otherName.map(({ type, raw }) => [type, Buffer.from(raw).toString('hex')]))
  t.same(read.registered, peer.subjectAltNames?.registeredId)
  t.same(read.directory, peer.subjectAltNames?.directoryName.map(String))
  t.same(read.usage, (['digitalSignature', 'nonRepudiation', 'keyAgreement'] as const).map((name) => peer.keyUsage?.includes(name)))
  t.same(read.identifier, ['PSDDE-BAFIN-123456'])
  for (const oid of ['1.3.6.1.5.5.7.1.3', '1.3.36.8.3.3', '1.2.5']) {
    const extension = peer.extension(oid)
    t.same(read.extensions[oid], [extension?.critical, extension?.hex], oid)
    writeFileSync(join(folder, 'value.der'), Buffer.from(extension?.hex ?? '', 'hex'))
    const dump = execFileSync(openssl, ['asn1parse', '-inform', 'DER', '-in', join(folder, 'value.der')], { encoding: 'utf8' })
    const texts = [...dump.matchAll(/(?:OBJECT|UTF8STRING|PRINTABLESTRING)\s*:(.*)$/gm)].map(([, text = '']) => text.trim())
    const { qualified, admission: [first] = [] } = peer
    t.same(texts, {
      '1.3.6.1.5.5.7.1.3': [
        '0.4.0.1862.1.1', '0.4.0.1862.1.6', ...qualified?.types ?? [], '0.4.0.19495.2',
        ...(qualified?.psd2?.roles ?? []).flatMap((role, index) => [role, ['PSP_AI', 'VOP_RS'][index]]), 'BaFin', 'DE-BAFIN'
      ],
      '1.3.36.8.3.3': [...first?.professions ?? [], ...first?.professionOids ?? [], first?.registrationNumber],
      '1.2.5': ['blue']
    }[oid], `${oid} by asn1parse`)
  }
})

/** A certificate that pyca/cryptography encodes. */
const WRITE = `
import datetime, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
key = ec.generate_private_key(ec.SECP256R1())
name = x509.Name([x509.NameAttribute(x509.ObjectIdentifier('2.5.4.97'), 'NTRUS+CA-12345678'), x509.NameAttribute(NameOID.COMMON_NAME, 'a')])
names = [
  x509.OtherName(x509.ObjectIdentifier('1.3.6.1.4.1.311.20.2.3'), bytes([12, 3]) + b'a@b'),
  x509.RegisteredID(x509.ObjectIdentifier('1.2.4')),
  x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, 'Acme'), x509.NameAttribute(NameOID.COMMON_NAME, 'x')]))
]
usage = dict.fromkeys(['digital_signature', 'content_commitment', 'key_encipherment', 'data_encipherment', 'key_agreement', 'key_cert_sign', 'crl_sign', 'encipher_only', 'decipher_only'], False)
usage.update(digital_signature=True, key_agreement=True, decipher_only=True)
now = datetime.datetime(2026, 1, 1)
builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=3650))
builder = builder.add_extension(x509.SubjectAlternativeName(names), False).add_extension(x509.KeyUsage(**usage), True)
builder = builder.add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier('1.2.5'), bytes([12, 4]) + b'blue'), True)
open(sys.argv[1], 'wb').write(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))
`

test('we read what pyca/cryptography encodes', async (t) => {
  const file = join(t.testdir({}), 'leaf.der')
  execFileSync(python, ['-W', 'ignore', '-c', WRITE, file])
  const peer = parsePeerIdentity(readFileSync(file))
  t.same(peer.keyUsage, ['digitalSignature', 'keyAgreement', 'decipherOnly'])
  for (const rule of [
    { upn: 'a@B' }, { registeredId: '1.2.4' }, { directoryName: { o: 'Acme', cn: 'x' } }, { keyUsage: 'decipherOnly' },
    { subject: { organizationIdentifier: { type: 'NTR', country: 'US', state: 'CA', number: '12345678' } } },
    { extension: { oid: '1.2.5', critical: true, value: 'blue' } }
  ]) t.equal(allows(rule, peer), true, JSON.stringify(rule))
})
