import { createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { describeContent } from '@peerkit/identity/internal'
import { refused } from '../errors.ts'
import type { Secret } from '../material/material.ts'
import { hasIssued, isSelfIssued, readCertificate } from '../material/parsed-certificate.ts'
import type { OwnCredentials, ParsedCertificate } from '../material/parsed-certificate.ts'
import { readSafe } from './read-safe.ts'
import type { SafeContents } from './read-safe.ts'

const SEQUENCE = 0x30

/**
 * Reads leaf, intermediates and key of a PKCS#12 file (RFC 7292). OpenSSL checks the MAC and decrypts the key. Node
 * gives no access to the certificates, so they are read here. Roots in the file are ignored.
 *
 * @throws CredentialsRefusedError
 */
export function readPkcs12 (pfx: Uint8Array, where: string, passphrase: Secret | undefined): OwnCredentials {
  if (pfx.length === 0) throw refused('unreadable', where, 'found nothing (an empty file); expected PKCS#12')
  const secret = passphrase === undefined ? '' : Buffer.from(passphrase).toString('utf8')
  checkMac(pfx, where, secret)
  const safe = openSafe(pfx, where, secret)
  const [keyBag, ...moreKeys] = safe.keys
  if (keyBag === undefined || moreKeys.length > 0) {
    throw refused('unreadable', where, `found ${safe.keys.length} private keys; expected one`)
  }
  const key = openKey(keyBag, where, secret)
  const certificates = safe.certificates.map((der, index) => readCertificate(der, `${where}, certificate ${index + 1}`))
  return { certificates: arrange(certificates, key, where), key }
}

function checkMac (pfx: Uint8Array, where: string, passphrase: string): void {
  try {
    createSecureContext({ pfx: Buffer.from(pfx), passphrase })
  } catch (error) {
    const { message } = error as Error
    if (/mac verify failure/i.test(message)) {
      const found = 'found PKCS#12 that the passphrase does not decrypt'
      throw refused('passphrase', where, `${found}; expected the passphrase that it was made with`)
    }
    if (/unsupported/i.test(message)) {
      const convert = '`openssl pkcs12 -legacy -in old.p12 -out all.pem`, then `openssl pkcs12 -export -in all.pem ' +
        '-out new.p12`'
      const found = 'found PKCS#12 with an obsolete cipher (RC2 or DES), which OpenSSL 3 does not decrypt'
      throw refused('unreadable', where, `${found}; expected AES or 3DES: convert it with ${convert}`)
    }
    if (pfx[0] !== SEQUENCE) {
      const text = Buffer.from(pfx).toString('latin1')
      const what = text.includes('-----BEGIN') ? 'PEM (expected in cert and key)' : describeContent(text)
      throw refused('unreadable', where, `found no PKCS#12 but ${what}; expected PKCS#12`)
    }
    throw refused('unreadable', where, `found no PKCS#12 with certificate and key (${message}); expected PKCS#12`)
  }
}

function openSafe (pfx: Uint8Array, where: string, passphrase: string): SafeContents {
  try {
    return readSafe(pfx, passphrase)
  } catch (error) {
    const { reason = 'unknown' } = error as { reason?: string }
    const expected = 'expected it as `openssl pkcs12 -export` writes it'
    throw refused('unreadable', where, `found PKCS#12 that cannot be read (${reason}); ${expected}`)
  }
}

function openKey ({ der, isEncrypted }: SafeContents['keys'][number], where: string, passphrase: string): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8', ...(isEncrypted && { passphrase }) })
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw refused('unreadable', where, `found a private key that cannot be read (${code}); expected RSA, EC or Ed25519`)
  }
}

/** Sorts the certificates: first the one of the key, then the issuer of each. PKCS#12 has no order. */
function arrange (
  certificates: readonly ParsedCertificate[], key: KeyObject, where: string
): [ParsedCertificate, ...ParsedCertificate[]] {
  const leaf = certificates.find(({ x509 }) => x509.checkPrivateKey(key))
  if (leaf === undefined) {
    const found = `found ${certificates.length} certificates, none of them for the private key`
    throw refused('key_mismatch', where, `${found}; expected the certificate of the key`)
  }
  const chain: [ParsedCertificate, ...ParsedCertificate[]] = [leaf]
  let last = leaf
  for (;;) {
    if (isSelfIssued(last)) return chain
    const issuer = certificates.find((candidate) => {
      return !chain.includes(candidate) && !isSelfIssued(candidate) && hasIssued(candidate, last)
    })
    if (issuer === undefined) return chain
    chain.push(issuer)
    last = issuer
  }
}
