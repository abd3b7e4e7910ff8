import { createPublicKey, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { encodePem } from '@peerkit/identity'
import { readCertificate } from '@peerkit/identity/x509'
import type { DevCa, KeyType } from '@peerkit/dev-ca'

/**
 * A certificate for a public key whose private half stays with its owner, as a real CA signs it. dev-ca makes its own keys, so a certificate of it for a key of the same
 * type (and so of the same length) gets the other key put in, and is signed again.
 */
export async function signFor (ca: DevCa, publicKey: string, { notBefore, notAfter }: { notBefore: number, notAfter: number }): Promise<string> {
  const key = createPublicKey(publicKey)
  const { der } = await ca.issue({ cn: 'renewed', key: keyTypeOf(key), notBefore: new Date(notBefore), notAfter: new Date(notAfter) })
  const { tbs, subjectPublicKeyInfo, signatureAlgorithm } = readCertificate(der)
  const signed = Buffer.from(tbs)
  key.export({ type: 'spki', format: 'der' }).copy(signed, signed.indexOf(subjectPublicKeyInfo))
  const signature = sign('sha256', signed, ca.key)
  return encodePem(encode(0x30, Buffer.concat([signed, signatureAlgorithm.raw, encode(0x03, Buffer.concat([Buffer.from([0]), signature]))])))
}

function keyTypeOf ({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): KeyType {
  if (asymmetricKeyType === 'ed25519') return 'ed25519'
  if (asymmetricKeyType === 'rsa') return asymmetricKeyDetails.modulusLength === 2048 ? 'rsa-2048' : 'rsa-3072'
  return asymmetricKeyDetails.namedCurve === 'prime256v1' ? 'ec-p256' : 'ec-p384'
}

function encode (tag: number, content: Buffer): Buffer {
  const length = content.length < 128 ? [content.length] : content.length < 256 ? [0x81, content.length] : [0x82, content.length >> 8, content.length & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}
