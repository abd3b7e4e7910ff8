import type { Certificate } from './certificate.ts'
import { verifySignature } from './signature.ts'

/**
 * Whether OpenSSL ends a path here: subject and issuer are one name, and the signature is of its own key. A certificate of a CA's new key that its old key signed
 * bears one name twice, and is no end. A root that is signed by an algorithm that is not known here is told by its key identifiers.
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
  if (scheme === undefined || key === undefined) return subjectKeyId === undefined || authorityKeyId === undefined || subjectKeyId === authorityKeyId
  return scheme.keyTypes.some((type) => type === keyKind.type) && verifySignature(scheme, fields.tbs, fields.signature, key)
}
