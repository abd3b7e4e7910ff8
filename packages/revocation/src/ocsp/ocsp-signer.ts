import { parsePeerIdentity, validityAt, type DistinguishedName, type PeerIdentity } from '@peerkit/identity'
import { EXTENSION, KEY_USAGE, readCertificate, readName } from '@peerkit/identity/x509'
import { createHash, type KeyObject } from 'node:crypto'
import { OcspInvalidError } from '../errors.ts'
import { findUnknownCritical } from '../x509/der.ts'
import {
  describeUnreadableKey, isNamed, isSameName, isSignedBy, mayUse, readIssuerKey, type IssuerKey
} from '../x509/issuer.ts'
import { verifyAtOnce } from '../x509/signature.ts'
import type { OcspResponse } from './ocsp-response.ts'

const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9'
const OCSP_NO_CHECK = '1.3.6.1.5.5.7.48.1.5'
const knownExtensions: ReadonlySet<string> = new Set([
  EXTENSION.keyUsage,
  EXTENSION.extendedKeyUsage,
  EXTENSION.basicConstraints,
  EXTENSION.subjectAltName,
  EXTENSION.certificatePolicies,
  OCSP_NO_CHECK
])

/** The signer of a response. */
export interface OcspSigner {
  /** The issuer itself, or the certificate of the responder that it delegated to. */
  readonly identity: PeerIdentity
  readonly delegated: boolean
  /**
   * Whether the delegated certificate has id-pkix-ocsp-nocheck: it is then trusted until it expires (RFC 6960 section
   * 4.2.2.2.1).
   */
  readonly noCheck: boolean
}

/**
 * Finds the signer of a response: the issuer of the certificate, or a certificate with OCSPSigning that this issuer
 * signed (RFC 6960 section 4.2.2.2). Other trusted responders and longer chains are not accepted.
 */
export function findOcspSigner (response: OcspResponse, issuer: PeerIdentity, now: number): OcspSigner {
  const own = readIssuerKey(issuer)
  const { key } = own
  if (key === undefined) throw new OcspInvalidError('algorithm', describeUnreadableKey(own))
  const responder = readResponder(response)
  const isIssuer = answersTo(own, responder)
  if (isIssuer && isSignatureOf(key, response)) return { identity: issuer, delegated: false, noCheck: true }
  let refused: string | undefined
  for (const der of response.certificates) {
    const identity = parsePeerIdentity(der)
    const delegate = readIssuerKey(identity)
    if (!answersTo(delegate, responder) || identity.publicKey256 === issuer.publicKey256) continue
    refused = findObjection(delegate, own, now)
    if (refused !== undefined) continue
    if (delegate.key === undefined) throw new OcspInvalidError('algorithm', describeUnreadableKey(delegate))
    if (!isSignatureOf(delegate.key, response)) throw wrongSignature(identity)
    return { identity, delegated: true, noCheck: readCertificate(der).extensions.has(OCSP_NO_CHECK) }
  }
  if (refused !== undefined) throw new OcspInvalidError('signer_not_authorized', refused)
  if (isIssuer) throw wrongSignature(issuer)
  const message = 'its responder ID fits neither the issuer nor a certificate in the response'
  throw new OcspInvalidError('signer_unknown', message)
}

type Responder = { readonly name: DistinguishedName } | { readonly keyHash: string }

function readResponder ({ responder }: OcspResponse): Responder {
  return 'name' in responder ? { name: readName(responder.name) } : responder
}

/** Whether the responder ID identifies a key; byKey is the SHA-1 of the key (RFC 6960 section 4.2.2.3). */
function answersTo ({ identity: { subject }, keyOctets }: IssuerKey, responder: Responder): boolean {
  if ('name' in responder) return subject !== undefined && isSameName(subject, responder.name)
  return createHash('sha1').update(keyOctets).digest('hex') === responder.keyHash
}

function wrongSignature (signer: PeerIdentity): Error {
  return new OcspInvalidError('signature', `its signature is not valid for ${String(signer)}`)
}

function isSignatureOf (key: KeyObject, { algorithm, tbs, signature }: OcspResponse): boolean {
  return verifyAtOnce(algorithm, tbs, signature, key)
}

/** Why a certificate is not a delegate of the issuer; undefined if it is one. */
function findObjection (delegate: IssuerKey, issuer: IssuerKey, now: number): string | undefined {
  const who = String(delegate.identity)
  const certificate = readCertificate(delegate.identity.raw!)
  // OCSPSigning is required: with anyExtendedKeyUsage or none, every TLS client of this CA would be a responder.
  if (delegate.identity.extendedKeyUsage?.includes(OCSP_SIGNING) !== true) {
    return `the signer ${who} has no extended key usage OCSPSigning`
  }
  if (!mayUse(delegate, KEY_USAGE.digitalSignature)) return `the key usage of the signer ${who} lacks digitalSignature`
  if (validityAt(certificate, now) !== 'valid') return `the signer ${who} has expired or is not valid yet`
  const unknown = findUnknownCritical(certificate.extensions, knownExtensions)
  if (unknown !== undefined) return `the signer ${who} has the critical extension ${unknown}, which is not supported`
  if (!isNamed(delegate.identity, issuer.identity)) {
    return `the signer ${who} was not issued by the certificate's issuer`
  }
  return isSignedBy(certificate, issuer)
    ? undefined
    : `the certificate of the signer ${who} is not signed by the certificate's issuer`
}
