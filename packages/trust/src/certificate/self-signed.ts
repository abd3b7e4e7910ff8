import type { Certificate } from './certificate.ts'
import { verifySignature } from './signature.ts'

/**
 * Whether a certificate is self-signed: subject and issuer are the same name, and its own key made the signature.
 * OpenSSL ends paths at such certificates. A certificate for the new key of a CA, signed with its old key, is
 * self-issued but not self-signed. If the signature algorithm is not supported, the key identifiers decide.
 */
export function isSelfSigned (certificate: Certificate): boolean {
  let answer = answers.get(certificate)
  if (answer === undefined) answers.set(certificate, answer = certificate.selfIssued && hasOwnSignature(certificate))
  return answer
}

const answers = new WeakMap<Certificate, boolean>()

function hasOwnSignature (certificate: Certificate): boolean {
  const { fields, scheme, keyKind, subjectKeyId, authorityKeyId } = certificate
  const key = certificate.publicKey()
  if (scheme === undefined || key === undefined) {
    return subjectKeyId === undefined || authorityKeyId === undefined || subjectKeyId === authorityKeyId
  }
  const fitsKey = scheme.keyTypes.some((type) => type === keyKind.type)
  return fitsKey && verifySignature(scheme, fields.tbs, fields.signature, key)
}
