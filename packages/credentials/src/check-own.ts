import { X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { PeerIdentity } from '@peerkit/identity'
import { readCertificate } from '@peerkit/identity/x509'
import { refused } from './errors.ts'
import type { CheckOptions, Origins } from './material.ts'

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const ANY_USAGE = '2.5.29.37.0'
const WEAK_SIGNATURES: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.2': 'md2WithRSAEncryption',
  '1.2.840.113549.1.1.4': 'md5WithRSAEncryption',
  '1.2.840.113549.1.1.5': 'sha1WithRSAEncryption',
  '1.2.840.10040.4.3': 'dsa-with-sha1',
  '1.2.840.10045.4.1': 'ecdsa-with-SHA1'
}

/** Checks what we present: our leaf with its key, and the intermediates that lead from it towards its issuer. @throws MTLS_ERR_CREDENTIALS_REFUSED */
export function checkOwn (certificates: readonly PeerIdentity[], key: KeyObject, origins: Origins, { use = 'either', now = Date.now }: CheckOptions): void {
  const [leaf] = certificates
  if (leaf === undefined) throw refused('unreadable', origins.cert, 'expected a certificate, found none')
  for (const certificate of certificates) checkValidity(certificate, origins.cert, now())
  const parsed = certificates.map((certificate) => new X509Certificate(certificate.raw ?? new Uint8Array()))
  if (parsed[0]?.checkPrivateKey(key) !== true) {
    throw refused('key_mismatch', origins.key, `the key does not fit the certificate ${String(leaf)} of ${origins.cert}`)
  }
  for (const [index, issuer] of parsed.slice(1).entries()) {
    const issued = parsed[index]
    if (issued?.checkIssued(issuer) !== true || !issued.verify(issuer.publicKey)) {
      throw refused('chain', origins.cert, `certificate ${index + 2} did not issue certificate ${index + 1}; expected the leaf first, then each one's issuer`)
    }
  }
  for (const certificate of parsed) checkStrength(certificate, origins.cert)
  checkUsage(leaf, origins.cert, use)
}

function checkValidity (certificate: PeerIdentity, where: string, now: number): void {
  const { notBefore = Infinity, notAfter = -Infinity } = certificate
  if (now >= notAfter) throw refused('expired', where, `${String(certificate)} ended on ${new Date(notAfter).toISOString()}`)
  if (now < notBefore) throw refused('not_yet_valid', where, `${String(certificate)} starts on ${new Date(notBefore).toISOString()}`)
}

function checkUsage (leaf: PeerIdentity, where: string, use: NonNullable<CheckOptions['use']>): void {
  const usages = leaf.extendedKeyUsage ?? []
  // RFC 5280 section 4.2.1.12: without the extension the key may be used for anything.
  if (usages.length === 0 || usages.includes(ANY_USAGE)) return
  const server = usages.includes(SERVER_AUTH)
  const client = usages.includes(CLIENT_AUTH)
  const fits = { server, client, both: server && client, either: server || client }[use]
  if (!fits) throw refused('wrong_purpose', where, `extended key usage is ${usages.join(', ')}; expected one for use as ${use}`)
}

/** NIST SP 800-57: at least 112 bits of strength; SHA-1 and MD5 signatures can be forged. */
export function checkStrength (certificate: X509Certificate, where: string): void {
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey
  if (asymmetricKeyType?.startsWith('rsa') === true && (asymmetricKeyDetails?.modulusLength ?? 0) < 2048) {
    throw refused('weak', where, `RSA key of ${asymmetricKeyDetails?.modulusLength ?? 0} bits; expected 2048 or more`)
  }
  if (asymmetricKeyType === 'dsa') throw refused('weak', where, 'DSA key; expected RSA, EC or Ed25519')
  const curve = asymmetricKeyDetails?.namedCurve ?? ''
  if (asymmetricKeyType === 'ec' && /^(secp1[0-9]{2}|secp2(0|2)|prime192|prime239|sect1)/.test(curve)) throw refused('weak', where, `EC key on ${curve}; expected P-256 or stronger`)
  const weak = WEAK_SIGNATURES[readCertificate(certificate.raw).signatureAlgorithm.oid]
  if (weak !== undefined) throw refused('weak', where, `signed with ${weak}; expected SHA-256 or stronger`)
}
