import { refused } from '../errors.ts'
import { hasIssued } from './parsed-certificate.ts'
import type { ParsedCertificate } from './parsed-certificate.ts'

/**
 * Each certificate must have issued the one before: peers on TLS 1.2 may rely on it (RFC 5246 section 7.4.2).
 *
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function checkOrder (certificates: readonly ParsedCertificate[], where: string): void {
  for (const [index, issuer] of certificates.slice(1).entries()) {
    const issued = certificates[index] as ParsedCertificate
    if (hasIssued(issuer, issued) && issuer.identity.isCa === true) continue
    const problem = `certificate ${index + 2} did not issue certificate ${index + 1}`
    const found = `found ${String(issuer.identity)} after ${String(issued.identity)}`
    throw refused('bad_chain', where, `${problem}; ${found}; expected the leaf, then the issuer of each certificate`)
  }
}
