import { DerReader, TAG, decodeObjectIdentifier } from '@peerkit/identity/der'
import { readCertificate, readSignatureScheme } from '@peerkit/identity/x509'
import { refused } from '../errors.ts'
import type { ParsedCertificate } from './parsed-certificate.ts'

const RSASSA_PSS = '1.2.840.113549.1.1.10'

const NIST_HASHES = '2.16.840.1.101.3.4.2.'

const WEAK_NAMES: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.2': 'MD2 with RSA',
  '1.2.840.113549.1.1.4': 'MD5 with RSA',
  '1.2.840.113549.1.1.5': 'SHA-1 with RSA',
  '1.2.840.10045.4.1': 'ECDSA with SHA-1',
  '1.2.840.10040.4.3': 'DSA with SHA-1',
  [RSASSA_PSS]: 'RSASSA-PSS with SHA-1'
}

/** Signatures over SHA-1 and MD5 can be forged (RFC 9155, RFC 6151). @throws MTLS_ERR_CREDENTIALS_REFUSED */
export function checkSignatureAlgorithm ({ identity }: ParsedCertificate, where: string): void {
  const algorithm = readCertificate(identity.raw ?? new Uint8Array()).signatureAlgorithm
  const { oid, parameters } = algorithm
  if (readSignatureScheme(algorithm) !== undefined || (oid === RSASSA_PSS && usesStrongHash(parameters))) return
  const found = WEAK_NAMES[oid] ?? `the algorithm ${oid}`
  const problem = `the signature of ${String(identity)} is too weak`
  throw refused('weak', where, `${problem}; found ${found}; expected SHA-256 or better`)
}

/** RSASSA-PSS-params (RFC 4055 section 3.1): the hash is the first field. The default is SHA-1. */
function usesStrongHash (parameters: Uint8Array | undefined): boolean {
  if (parameters === undefined) return false
  const fields = new DerReader(parameters).enter(TAG.sequence)
  const hash = fields.optional(0xa0)
  if (hash === undefined) return false
  const { contentStart, end } = fields.inside(hash).enter(TAG.sequence).expect(TAG.objectIdentifier)
  return decodeObjectIdentifier(parameters, contentStart, end).startsWith(NIST_HASHES)
}
