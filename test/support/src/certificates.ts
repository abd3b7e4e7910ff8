import { createPublicKey, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { DevCa, IssuedCertificate, KeyType } from '@peerkit/dev-ca'
import { encodePem } from '@peerkit/identity'
import { EXTENSION, readCertificate } from '@peerkit/identity/x509'
import type { CertificateFields } from '@peerkit/identity/x509'
import { bitString, sequence } from './der.ts'

// Certificates that dev-ca rightly does not issue. Each is one of its certificates with some octets replaced by as many
// others, signed again by the CA's key.

/** A certificate with other octets of the same length. */
export function resign (ca: DevCa, issued: IssuedCertificate, from: Uint8Array, to: Uint8Array): IssuedCertificate {
  const made = readCertificate(issued.der)
  const changed = Buffer.from(made.tbs)
  changed.set(to, changed.indexOf(from))
  const der = signAgain(ca, made, changed)
  return { ...issued, der, cert: encodePem(der), chain: encodePem(der) }
}

/**
 * A certificate of an older root for the name and key of another one.
 *
 * @param keepsKeyId whether the key identifier stays the one of the key that dev-ca made
 */
export async function crossSign (
  older: DevCa, root: DevCa, name: string, options: object = {}, keepsKeyId = false
): Promise<string> {
  const made = readCertificate((await older.intermediate({ name, ...options })).der)
  const wanted = readCertificate(root.der)
  const changed = Buffer.from(made.tbs)
  changed.set(wanted.subjectPublicKeyInfo, changed.indexOf(made.subjectPublicKeyInfo))
  if (!keepsKeyId) changed.set(keyIdOf(wanted), changed.indexOf(keyIdOf(made)))
  return encodePem(signAgain(older, made, changed))
}

/** What a certificate for somebody else's key says. */
interface Signed {
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** Default `renewed`. */
  readonly cn?: string
  /** Default: none. */
  readonly dns?: string
}

/** A certificate for a public key whose private half stays with its owner, as a real CA signs it. */
export async function signFor (
  ca: DevCa, publicKey: string, { notBefore, notAfter, cn = 'renewed', dns }: Signed
): Promise<string> {
  const key = createPublicKey(publicKey)
  const { der } = await ca.issue({
    cn, ...(dns !== undefined && { dns }), key: keyTypeOf(key), notBefore: new Date(notBefore), notAfter: new Date(notAfter)
  })
  const made = readCertificate(der)
  const changed = Buffer.from(made.tbs)
  changed.set(key.export({ type: 'spki', format: 'der' }), changed.indexOf(made.subjectPublicKeyInfo))
  return encodePem(signAgain(ca, made, changed))
}

function signAgain (ca: DevCa, { signatureAlgorithm }: CertificateFields, tbs: Uint8Array): Buffer {
  return sequence(tbs, signatureAlgorithm.raw, bitString(sign('sha256', tbs, ca.key)))
}

function keyIdOf ({ extensions }: CertificateFields): Uint8Array {
  const extension = extensions.get(EXTENSION.subjectKeyIdentifier)
  if (extension === undefined) throw new Error('the certificate has no key identifier')
  return extension.value
}

function keyTypeOf ({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): KeyType {
  if (asymmetricKeyType === 'ed25519') return 'ed25519'
  if (asymmetricKeyType === 'rsa') return asymmetricKeyDetails.modulusLength === 2048 ? 'rsa-2048' : 'rsa-3072'
  return asymmetricKeyDetails.namedCurve === 'prime256v1' ? 'ec-p256' : 'ec-p384'
}
