import { parsePeerIdentity, type PeerIdentity } from '@peerkit/identity'
import { EXTENSION, KEY_USAGE, readCertificate, readSignatureScheme, type CertificateFields } from '@peerkit/identity/x509'
import { createHash } from 'node:crypto'
import { ocspInvalid } from './errors.ts'
import { findUnknownCritical } from './extensions.ts'
import { mayUse, readIssuerKey, type IssuerKey } from './issuer-key.ts'
import type { OcspResponse } from './ocsp-response.ts'
import { verifyAtOnce } from './signature.ts'

const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9'
const OCSP_NO_CHECK = '1.3.6.1.5.5.7.48.1.5'
const knownExtensions: ReadonlySet<string> = new Set([EXTENSION.keyUsage, EXTENSION.extendedKeyUsage, EXTENSION.basicConstraints, EXTENSION.subjectAltName,
  EXTENSION.certificatePolicies, OCSP_NO_CHECK])

/** Who signed a response. */
export interface OcspSigner {
  /** The issuer itself, or the certificate of the responder it delegated to. */
  readonly identity: PeerIdentity
  readonly delegated: boolean
  /** Whether the issuer vouches for the delegate until its end (id-pkix-ocsp-nocheck, RFC 6960 section 4.2.2.2.1). */
  readonly noCheck: boolean
}

/**
 * The signer of a response, which must be the issuer of the certificate asked about, or hold a certificate with OCSPSigning that this very issuer signed (RFC 6960
 * section 4.2.2.2). No trusted responder of another kind, no longer chain.
 */
export function findOcspSigner (response: OcspResponse, issuer: PeerIdentity, now: number): OcspSigner {
  const own = readIssuerKey(issuer)
  const isIssuer = answersTo(own, response)
  if (isIssuer && verifyAtOnce(response.algorithm, response.tbs, response.signature, own.key)) return { identity: issuer, delegated: false, noCheck: true }
  let refused: string | undefined
  for (const der of response.certificates) {
    const identity = parsePeerIdentity(der)
    const delegate = readIssuerKey(identity)
    if (!answersTo(delegate, response) || identity.publicKey256 === issuer.publicKey256) continue
    refused = findObjection(delegate, own, now)
    if (refused !== undefined) continue
    if (!verifyAtOnce(response.algorithm, response.tbs, response.signature, delegate.key)) throw ocspInvalid('signature', `its signature is not one of ${String(identity)}`)
    return { identity, delegated: true, noCheck: readCertificate(der).extensions.has(OCSP_NO_CHECK) }
  }
  if (refused !== undefined) throw ocspInvalid('signer_not_authorized', refused)
  if (isIssuer) throw ocspInvalid('signature', `its signature is not one of ${String(issuer)}`)
  throw ocspInvalid('signer_unknown', 'its responder ID is that of neither the issuer nor a certificate sent along')
}

/** Whether a key is the one the responder ID names; byKey is the SHA-1 of the key (RFC 6960 section 4.2.2.3). */
function answersTo ({ subject, keyOctets }: IssuerKey, { responder }: OcspResponse): boolean {
  if ('name' in responder) return Buffer.compare(responder.name, subject) === 0
  return createHash('sha1').update(keyOctets).digest('hex') === responder.keyHash
}

/** Why a certificate is no delegate of the issuer. */
function findObjection (delegate: IssuerKey, issuer: IssuerKey, now: number): string | undefined {
  const who = String(delegate.identity)
  const certificate = readCertificate(delegate.identity.raw!)
  // Only the EKU itself makes a responder: with anyExtendedKeyUsage or none every TLS client of this CA would be one.
  if (delegate.identity.extendedKeyUsage?.includes(OCSP_SIGNING) !== true) return `the signer ${who} has no extended key usage OCSPSigning`
  if (!mayUse(delegate, KEY_USAGE.digitalSignature)) return `the key usage of the signer ${who} lacks digitalSignature`
  if (now < certificate.notBefore || now > certificate.notAfter) return `the signer ${who} has expired or is not valid yet`
  const unknown = findUnknownCritical(certificate.extensions, knownExtensions)
  if (unknown !== undefined) return `the signer ${who} has the critical extension ${unknown}, which is not known`
  if (Buffer.compare(certificate.issuerRaw, issuer.subject) !== 0) return `the signer ${who} was not issued by the certificate's issuer`
  return isSignedBy(certificate, issuer) ? undefined : `the certificate of the signer ${who} is not signed by the certificate's issuer`
}

/** Whether a certificate is signed with the issuer's key, by an algorithm accepted here. */
export function isSignedBy (certificate: CertificateFields, issuer: IssuerKey): boolean {
  const algorithm = readSignatureScheme(certificate.signatureAlgorithm)
  return algorithm !== undefined && verifyAtOnce(algorithm, certificate.tbs, certificate.signature, issuer.key)
}
