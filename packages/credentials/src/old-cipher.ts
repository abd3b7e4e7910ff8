import { DerReader, TAG, decodeObjectIdentifier } from '@peerkit/identity/der'
import { readAlgorithm } from '@peerkit/identity/x509'
import { decodePem } from '@peerkit/identity'

/** Ciphers of the old encryption (RFC 1421 section 4.6.1.3) that OpenSSL 3 still decrypts by default. */
const CURRENT_HEADER = /^(AES-|DES-EDE3|CAMELLIA-|ARIA-)/
const PBES2 = '1.2.840.113549.1.5.13'

/** Encryption of PKCS#8 (RFC 8018 appendix A.3, RFC 7292 appendix C) that OpenSSL 3 does not decrypt by default. */
const OLD_SCHEMES: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.5.1': 'PBE-MD2-DES',
  '1.2.840.113549.1.5.3': 'PBE-MD5-DES',
  '1.2.840.113549.1.5.4': 'PBE-MD2-RC2',
  '1.2.840.113549.1.5.6': 'PBE-MD5-RC2',
  '1.2.840.113549.1.5.10': 'PBE-SHA1-DES',
  '1.2.840.113549.1.5.11': 'PBE-SHA1-RC2',
  '1.2.840.113549.1.12.1.1': 'PBE-SHA1-RC4-128',
  '1.2.840.113549.1.12.1.2': 'PBE-SHA1-RC4-40',
  '1.2.840.113549.1.12.1.5': 'PBE-SHA1-RC2-128',
  '1.2.840.113549.1.12.1.6': 'PBE-SHA1-RC2-40',
  '1.3.14.3.2.7': 'DES-CBC',
  '1.2.840.113549.3.2': 'RC2-CBC'
}

/** Returns the name of the cipher of an encrypted key if it is one that OpenSSL 3 does not decrypt by default. */
export function findOldCipher (pem: string): string | undefined {
  const header = /^DEK-Info:[ \t]*([A-Z0-9-]{1,32})/m.exec(pem)?.[1]
  if (header !== undefined) return CURRENT_HEADER.test(header) ? undefined : header
  try {
    const [der] = decodePem(pem, 'ENCRYPTED PRIVATE KEY')
    const outer = new DerReader(der ?? new Uint8Array()).enter(TAG.sequence)
    const { oid, parameters = new Uint8Array() } = readAlgorithm(outer.bytes, outer.expect(TAG.sequence))
    if (oid !== PBES2) return OLD_SCHEMES[oid]
    const fields = new DerReader(parameters).enter(TAG.sequence)
    fields.expect(TAG.sequence)
    const { contentStart, end } = fields.enter(TAG.sequence).expect(TAG.objectIdentifier)
    return OLD_SCHEMES[decodeObjectIdentifier(fields.bytes, contentStart, end)]
  } catch {
    return undefined
  }
}
