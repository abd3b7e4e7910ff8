import { sign } from 'node:crypto'
import { encodePem } from '@peerkit/identity'
import { EXTENSION, readCertificate } from '@peerkit/identity/x509'
import type { DevCa } from '@peerkit/dev-ca'

/**
 * A certificate of an older root for the name and key of another one. dev-ca makes its own keys, so one of its
 * intermediates of that name gets the other key put in, and is signed again.
 *
 * @param keepsKeyId whether the key identifier stays the one of the key that dev-ca made
 */
export async function crossSign (older: DevCa, root: DevCa, name: string, options: object = {}, keepsKeyId = false): Promise<string> {
  const made = readCertificate((await older.intermediate({ name, ...options })).der)
  const wanted = readCertificate(root.der)
  const signed = Buffer.from(made.tbs)
  Buffer.from(wanted.subjectPublicKeyInfo).copy(signed, signed.indexOf(made.subjectPublicKeyInfo))
  const keyIdOf = ({ extensions }: typeof made): Uint8Array => extensions.get(EXTENSION.subjectKeyIdentifier)!.value
  if (!keepsKeyId) Buffer.from(keyIdOf(wanted)).copy(signed, signed.indexOf(keyIdOf(made)))
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', signed, older.key)])
  return encodePem(encode(0x30, Buffer.concat([signed, made.signatureAlgorithm.raw, encode(0x03, signature)])))
}

function encode (tag: number, content: Buffer): Buffer {
  const { length } = content
  const octets = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...octets]), content])
}
