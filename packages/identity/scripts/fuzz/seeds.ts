import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { createDevCa } from '@peerkit/dev-ca'
import { decodePem } from '@peerkit/identity'
import {
  TRUE, bits, element, generalizedTime, hex, integer, octets, oid, sequence, text
} from '../../test/fixtures/der.ts'
import {
  basicConstraints, certificate, directoryName, dns, email, extendedKeyUsage, extension, ip, keyUsage, name, otherName,
  policies, subjectAltName, uri,
} from '../../test/fixtures/certificate.ts'

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const wide = (value: string): Buffer => Buffer.from(value, 'utf16le').swap16()

/** Certificates written by hand, with every string type, kind of name and extension that a `PeerIdentity` reads. */
export function handMadeSeeds (): Buffer[] {
  const everyString = name(
    [['2.5.4.6', 0x13, 'DE']], [['0.9.2342.19200300.100.1.25', 0x16, 'example']],
    [['2.5.4.10', 0x0c, 'M\u00fcller, S\u00f6hne & Co;KG']],
    [['2.5.4.11', 0x1e, wide('\u5f71 ops')], ['2.5.4.11', 0x13, 'billing, CN=admin']],
    [['2.5.4.7', 0x14, Buffer.from('K\u00f6ln', 'latin1')]],
    [['2.5.4.8', 0x1c, hex('0000004e000000520001f600')]], [['2.5.4.5', 0x12, '12 34']],
    [['2.5.4.45', 0x03, hex('0006a0')]], [['2.5.4.16', 0x30, text(0x0c, 'Main St.')]],
    [['1.3.6.1.4.1.99999.7', 0x0c, 'private']], [['1.2.840.113549.1.9.1', 0x16, 'a@example.com']],
    [['2.5.4.3', 0x0c, ' #a+b=c/CN=admin\n ']]
  )
  const everyName = subjectAltName(
    dns('a.example'), dns('*.b.example'), uri('spiffe://td.example/ns/a/sa/b'),
    uri("https://a/?b=c,URI:spiffe://td/admin,'\""), email('a@b.example'), ip(192, 0, 2, 1),
    ip(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), directoryName(everyString),
    directoryName(name([['2.5.4.3', 0x0c, 'plain']])),
    otherName('1.3.6.1.4.1.311.20.2.3', text(0x0c, 'j\u00f6rg, x@ad.example')),
    otherName('1.3.6.1.5.5.7.8.7', text(0x16, '_ldap.example')),
    otherName('1.3.6.1.5.2.2', sequence(integer(5), text(0x1b, 'REALM'))), element(0x88, oid('1.2.3.4').subarray(2)),
    element(0xa5, element(0xa1, text(0x0c, 'edi')))
  )
  const keyIds = [
    extension('2.5.29.14', octets(hex('0102030405'))),
    extension('2.5.29.35', sequence(element(0x80, hex('0102030405'))))
  ]
  return [
    certificate(),
    certificate({ subject: everyString, issuer: everyString }),
    certificate({ extensions: [everyName, ...keyIds] }),
    certificate({ extensions: [basicConstraints(TRUE, integer(0)), keyUsage(0x06, 1), ...keyIds] }),
    certificate({
      extensions: [
        basicConstraints(), keyUsage(0xa0, 5), extendedKeyUsage('1.3.6.1.5.5.7.3.1', CLIENT_AUTH, '1.3.6.1.4.1.99999.1'),
        policies('2.23.140.1.2.1', '1.3.6.1.4.1.99999.2')
      ]
    }),
    certificate({ extensions: [subjectAltName(uri('spiffe://td.example/a')), keyUsage(0x80, 7)] }),
    certificate({
      extensions: [
        basicConstraints(TRUE),
        extension('2.16.840.1.113730.1.1', bits(hex('80'), 7)),
        extension(
          '1.3.6.1.5.5.7.1.7',
          sequence(sequence(octets(hex('0001')), sequence(bits(hex('0a')), sequence(bits(hex('0b')), bits(hex('0c'))))))
        ),
        extension(
          '1.3.6.1.5.5.7.1.8',
          sequence(element(0xa0, sequence(integer(1), sequence(integer(2), integer(3)))), element(0xa1, hex('0500')))
        ),
        extension('2.5.29.30', sequence(element(0xa0, sequence(dns('.example'))))),
        extension(
          '2.5.29.31', sequence(sequence(element(0xa0, element(0xa0, uri('http://a/crl'))), element(0x81, hex('0640'))))
        ),
      ],
    }),
    certificate({ subject: sequence(), extensions: [subjectAltName(dns('only.example'))] }),
    certificate({
      notBefore: generalizedTime('20500101000000Z'),
      notAfter: generalizedTime('99991231235959Z'),
      serialNumber: integer(0, 0xff, 0xee, 0xdd)
    }),
    certificate({ version: Buffer.alloc(0), serialNumber: integer(0) }),
    certificate({
      version: hex('a003020101'), uniqueIds: Buffer.concat([element(0x81, hex('00aa')), element(0x82, hex('00bb'))])
    }),
    certificate({
      signatureAlgorithm: sequence(oid('1.2.840.113549.1.1.11'), hex('0500')), signature: bits(Buffer.alloc(256, 7))
    }),
  ]
}

/** Real roots: RSA, P-256, P-384, v1, odd names. */
export function realWorldSeeds (): Buffer[] {
  return rootCertificates.map((pem) => Buffer.from(decodePem(pem)[0] as Uint8Array))
}

/** What dev-ca signs: roots, intermediates and leaves of every kind of key, profile and name. */
export async function devCaSeeds (): Promise<Buffer[]> {
  const ca = await createDevCa({ name: 'Fuzz root', key: 'ec-p384' })
  const intermediate = await ca.intermediate({ name: 'Fuzz intermediate' })
  const leaves = await Promise.all([
    intermediate.issue({ cn: 'plain' }),
    intermediate.issue({
      cn: 'server', dns: ['a.example', '*.a.example'], ip: ['10.0.0.1', '2001:db8::1'], profile: 'server'
    }),
    intermediate.issue({ spiffe: 'spiffe://td.example/ns/a/sa/b', profile: 'client', key: 'ed25519' }),
    ca.issue({
      o: 'M\u00fcller, S\u00f6hne',
      ou: ['ops', 'billing, CN=admin'],
      cn: 'a+b=c/CN=admin',
      uri: ['https://a/?b=c,URI:spiffe://td/admin', 'urn:b'],
      email: 'a@b.example',
      key: 'rsa-2048'
    }),
    ca.issue({
      upn: 'j\u00f6rg@ad.example',
      directoryName: [{ type: 'CN', value: 'x, y' }],
      policies: ['1.2.3.4', '2.23.140.1.2.2'],
      crlUrls: ['http://a/crl'],
      ocspUrls: ['http://a/ocsp']
    }),
    ca.issue({ cn: 'far', notAfter: new Date('2060-01-01T00:00:00Z'), serialNumber: '00ff01' }),
    ca.issue({ cn: 'ca', ca: true, extendedKeyUsage: [] }),
  ])
  return [ca.der, intermediate.der, ...leaves.map(({ der }) => der)].map((der) => Buffer.from(der))
}

const OPENSSL_EXTENSIONS = [
  'subjectAltName=DNS:a.example,URI:spiffe://td.example/a,IP:10.0.0.1,IP:2001:db8::1,email:a@b.example,RID:1.2.3.4,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:u@ad,dirName:dir\n[dir]\nC=DE\nO=Acme\nCN=x',
  'basicConstraints=critical,CA:TRUE,pathlen:1\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nnameConstraints=critical,permitted;DNS:.example,excluded;IP:10.0.0.0/255.0.0.0,permitted;dirName:dir\n[dir]\nO=Acme',
  'extendedKeyUsage=clientAuth,serverAuth,1.2.3.4\ncertificatePolicies=1.2.3.4,@policy\ncrlDistributionPoints=URI:http://a/crl,URI:ldap://b/c\nauthorityInfoAccess=OCSP;URI:http://a/ocsp\n[policy]\npolicyIdentifier=1.3.5.8\nCPS.1=http://a\nuserNotice.1=@notice\n[notice]\nexplicitText=UTF8:Text',
]

/**
 * Self-signed certificates by the `openssl` command, of RSA, P-256 and Ed25519 keys; none where the command is missing.
 */
export function opensslSeeds (): Buffer[] {
  const folder = mkdtempSync(join(tmpdir(), 'peerkit-fuzz-'))
  try {
    return OPENSSL_EXTENSIONS.flatMap((extensions, index) => ['rsa:2048', 'ec:prime256v1', 'ed25519'].map((key) => {
      return mintByOpenssl(folder, `${key.replace(':', '-')}-${index}`, key, extensions)
    }))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function mintByOpenssl (folder: string, label: string, key: string, extensions: string): Buffer {
  const config = join(folder, `${label}.cnf`)
  const out = join(folder, `${label}.der`)
  writeFileSync(config, `[req]\ndistinguished_name=dn\nx509_extensions=ext\n[dn]\n[ext]\n${extensions}\n`)
  const [algorithm = '', curve] = key.split(':')
  const newKey = algorithm === 'ec' ? ['-newkey', 'ec', '-pkeyopt', `ec_paramgen_curve:${curve}`] : ['-newkey', key]
  execFileSync('openssl', [
    'req', '-x509', ...newKey, '-nodes', '-utf8', '-multivalue-rdn', '-subj', '/C=DE/O=M\u00fcller+OU=ops/CN=a.example',
    '-config', config, '-keyout', join(folder, 'key'), '-outform', 'DER', '-out', out
  ], { stdio: 'pipe' })
  return readFileSync(out)
}
