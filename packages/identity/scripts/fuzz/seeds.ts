import { rootCertificates } from 'node:tls'
import { decodePem } from '@peerkit/identity'
import { TRUE, bits, element, generalizedTime, hex, integer, octets, oid, sequence, text } from '../../test/fixtures/der.ts'
import {
  basicConstraints, certificate, directoryName, dns, email, extendedKeyUsage, extension, ip, keyUsage, name, otherName, policies, subjectAltName, uri,
} from '../../test/fixtures/certificate.ts'

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const wide = (value: string): Buffer => Buffer.from(value, 'utf16le').swap16()

/** Certificates written by hand, with every string type, kind of name and extension that a `PeerIdentity` reads. */
export function handMadeSeeds (): Buffer[] {
  const everyString = name(
    [['2.5.4.6', 0x13, 'DE']], [['0.9.2342.19200300.100.1.25', 0x16, 'example']], [['2.5.4.10', 0x0c, 'M\u00fcller, S\u00f6hne & Co;KG']],
    [['2.5.4.11', 0x1e, wide('\u5f71 ops')], ['2.5.4.11', 0x13, 'billing, CN=admin']], [['2.5.4.7', 0x14, Buffer.from('K\u00f6ln', 'latin1')]],
    [['2.5.4.8', 0x1c, hex('0000004e000000520001f600')]], [['2.5.4.5', 0x12, '12 34']], [['2.5.4.45', 0x03, hex('0006a0')]], [['2.5.4.16', 0x30, text(0x0c, 'Main St.')]],
    [['1.3.6.1.4.1.99999.7', 0x0c, 'private']], [['1.2.840.113549.1.9.1', 0x16, 'a@example.com']], [['2.5.4.3', 0x0c, ' #a+b=c/CN=admin\n ']]
  )
  const everyName = subjectAltName(
    dns('a.example'), dns('*.b.example'), uri('spiffe://td.example/ns/a/sa/b'), uri("https://a/?b=c,URI:spiffe://td/admin,'\""), email('a@b.example'), ip(192, 0, 2, 1),
    ip(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), directoryName(everyString), directoryName(name([['2.5.4.3', 0x0c, 'plain']])),
    otherName('1.3.6.1.4.1.311.20.2.3', text(0x0c, 'j\u00f6rg, x@ad.example')), otherName('1.3.6.1.5.5.7.8.7', text(0x16, '_ldap.example')),
    otherName('1.3.6.1.5.2.2', sequence(integer(5), text(0x1b, 'REALM'))), element(0x88, oid('1.2.3.4').subarray(2)), element(0xa5, element(0xa1, text(0x0c, 'edi')))
  )
  const keyIds = [extension('2.5.29.14', octets(hex('0102030405'))), extension('2.5.29.35', sequence(element(0x80, hex('0102030405'))))]
  return [
    certificate(),
    certificate({ subject: everyString, issuer: everyString }),
    certificate({ extensions: [everyName, ...keyIds] }),
    certificate({ extensions: [basicConstraints(TRUE, integer(0)), keyUsage(0x06, 1), ...keyIds] }),
    certificate({ extensions: [basicConstraints(), keyUsage(0xa0, 5), extendedKeyUsage('1.3.6.1.5.5.7.3.1', CLIENT_AUTH, '1.3.6.1.4.1.99999.1'), policies('2.23.140.1.2.1', '1.3.6.1.4.1.99999.2')] }),
    certificate({ extensions: [subjectAltName(uri('spiffe://td.example/a')), keyUsage(0x80, 7)] }),
    certificate({ subject: sequence(), extensions: [subjectAltName(dns('only.example'))] }),
    certificate({ notBefore: generalizedTime('20500101000000Z'), notAfter: generalizedTime('99991231235959Z'), serialNumber: integer(0, 0xff, 0xee, 0xdd) }),
    certificate({ version: Buffer.alloc(0), serialNumber: integer(0) }),
    certificate({ version: hex('a003020101'), uniqueIds: Buffer.concat([element(0x81, hex('00aa')), element(0x82, hex('00bb'))]) }),
    certificate({ signatureAlgorithm: sequence(oid('1.2.840.113549.1.1.11'), hex('0500')), signature: bits(Buffer.alloc(256, 7)) }),
  ]
}

/** Real roots: RSA, P-256, P-384, v1, odd names. */
export function realWorldSeeds (): Buffer[] {
  return rootCertificates.map((pem) => Buffer.from(decodePem(pem)[0] as Uint8Array))
}
