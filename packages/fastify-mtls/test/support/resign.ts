import { sign } from 'node:crypto'
import type { DevCa, IssuedCertificate } from '@peerkit/dev-ca'
import { encodePem } from '@peerkit/identity'
import { readCertificate } from '@peerkit/identity/x509'

/** A certificate with other octets of the same length, signed again: what dev-ca refuses to issue. */
export function resign (ca: DevCa, issued: IssuedCertificate, from: Uint8Array, to: Uint8Array): IssuedCertificate {
  const { tbs, signatureAlgorithm } = readCertificate(issued.der)
  const changed = Buffer.from(tbs)
  changed.set(to, changed.indexOf(from))
  const signature = encode(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', changed, ca.key)]))
  const der = encode(0x30, Buffer.concat([changed, signatureAlgorithm.raw, signature]))
  return { ...issued, der, cert: encodePem(der), chain: encodePem(der) }
}

function encode (tag: number, content: Buffer): Buffer {
  const { length } = content
  const octets = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...octets]), content])
}
