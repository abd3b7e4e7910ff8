import { knownEdge, rememberEdge } from './certificate.ts'
import type { Certificate } from './certificate.ts'
import { verifySignature } from './signature.ts'

/**
 * Whether an issuer's key made the signature of a certificate. The result is cached. The contents of both must be read.
 */
export function verifyEdge (certificate: Certificate, issuer: Certificate): boolean {
  const known = knownEdge(certificate, issuer)
  if (known !== undefined) return known
  const { scheme, fields } = certificate
  const key = issuer.publicKey()
  const signed = scheme !== undefined && key !== undefined &&
    scheme.keyTypes.some((type) => type === issuer.keyKind.type) &&
    verifySignature(scheme, fields.tbs, fields.signature, key)
  rememberEdge(certificate, issuer, signed)
  return signed
}
