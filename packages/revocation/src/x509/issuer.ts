import { createPublicKey, type KeyObject } from 'node:crypto'
import {
  equalDistinguishedNames, matchDistinguishedNames, type DistinguishedName, type PeerIdentity
} from '@peerkit/identity'
import { TAG } from '@peerkit/identity/der'
import {
  EXTENSION, readBasicConstraints, readCertificate, readKeyUsage, readSignatureScheme, type CertificateFields
} from '@peerkit/identity/x509'
import { RevocationOptionError } from '../errors.ts'
import { DerSequence, readBitOctets } from './der.ts'
import { verifyAtOnce } from './signature.ts'

/**
 * Whether two names are equal by RFC 5280 section 7.1. A CA may use another string type, case or spacing for its
 * name in CRLs than in its certificate. Usually both are identical, which is checked first because it is cheap.
 */
export function isSameName (one: DistinguishedName, other: DistinguishedName): boolean {
  return equalDistinguishedNames(one, other) || matchDistinguishedNames(one, other)
}

/** Whether a certificate names this issuer. */
export function isNamed (certificate: PeerIdentity, issuer: PeerIdentity): boolean {
  const { issuer: named } = certificate
  const { subject } = issuer
  return named !== undefined && subject !== undefined && isSameName(named, subject)
}

/** What verification needs of a certificate. Byte arrays are views into its DER. */
export interface IssuerKey {
  readonly identity: PeerIdentity
  /** The subject's DER. */
  readonly subject: Uint8Array
  /** Undefined if this Node cannot parse it, such as an ML-DSA key in Node 22. */
  readonly key: KeyObject | undefined
  /** The bytes of subjectPublicKey without tag, length and unused bits, which OCSP hashes. */
  readonly keyOctets: Uint8Array
  readonly isCa: boolean
  /** As `readKeyUsage` returns it; undefined if the extension is absent. */
  readonly keyUsage: number | undefined
  /** The subject key identifier in hex; undefined if there is none. */
  readonly subjectKeyId: string | undefined
}

// createPublicKey takes 34–100 µs, so it runs once per certificate, and only for those that are used.
const keys = new WeakMap<PeerIdentity, IssuerKey>()

/** Parses the key of a certificate that issues others, or signs OCSP responses. Throws if the identity has no DER. */
export function readIssuerKey (identity: PeerIdentity): IssuerKey {
  const known = keys.get(identity)
  if (known !== undefined) return known
  const der = identity.raw
  if (der === undefined) {
    const found = `the issuer ${String(identity)} is a partial identity`
    throw new RevocationOptionError(`${found}; expected one parsed from a certificate`)
  }
  const certificate = readCertificate(der, identity.tolerated)
  const spki = DerSequence.of(certificate.subjectPublicKeyInfo, TAG.sequence)
  spki.expect(TAG.sequence)
  const keyOctets = readBitOctets(spki)
  const constraints = certificate.extensions.get(EXTENSION.basicConstraints)
  const usage = certificate.extensions.get(EXTENSION.keyUsage)
  const keyId = certificate.extensions.get(EXTENSION.subjectKeyIdentifier)
  let key: KeyObject | null | undefined
  const read: IssuerKey = {
    identity,
    subject: certificate.subjectRaw,
    get key () {
      if (key === undefined) key = readKey(certificate.subjectPublicKeyInfo)
      return key ?? undefined
    },
    keyOctets,
    isCa: constraints !== undefined && readBasicConstraints(constraints.value).ca,
    keyUsage: usage === undefined ? undefined : readKeyUsage(usage.value),
    subjectKeyId: keyId === undefined ? undefined : readOctets(keyId.value)
  }
  keys.set(identity, read)
  return read
}

function readOctets (value: Uint8Array): string {
  const octets = new DerSequence(value)
  return Buffer.from(octets.content(octets.expect(TAG.octetString))).toString('hex')
}

function readKey (spki: Uint8Array): KeyObject | null {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch {
    return null
  }
}

/** Error text for a certificate whose `key` is undefined. */
export function describeUnreadableKey ({ identity }: IssuerKey): string {
  return `Node ${process.version} with OpenSSL ${process.versions.openssl} cannot read the key of ${String(identity)}`
}

/** Whether keyUsage allows the use, one of KEY_USAGE. Without the extension, every use is allowed. */
export function mayUse (issuer: IssuerKey, use: number): boolean {
  return issuer.keyUsage === undefined || (issuer.keyUsage & use) !== 0
}

/** Whether a certificate is signed by the issuer's key, with an accepted algorithm. */
export function isSignedBy (certificate: CertificateFields, issuer: IssuerKey): boolean {
  const algorithm = readSignatureScheme(certificate.signatureAlgorithm)
  const { key } = issuer
  if (algorithm === undefined || key === undefined) return false
  return verifyAtOnce(algorithm, certificate.tbs, certificate.signature, key)
}

const foundIssuers = new WeakMap<
  PeerIdentity,
  { readonly issuers: readonly PeerIdentity[], readonly issuer: PeerIdentity | undefined }
>()

/** The CA that has the issuer's name and signed the certificate. Cached per certificate and list of CAs. */
export function findIssuer (certificate: PeerIdentity, issuers: readonly PeerIdentity[]): PeerIdentity | undefined {
  const known = foundIssuers.get(certificate)
  if (known?.issuers === issuers) return known.issuer
  const issuer = issuers.find((candidate) => isNamed(certificate, candidate) && hasSigned(candidate, certificate))
  foundIssuers.set(certificate, { issuers, issuer })
  return issuer
}

function hasSigned (issuer: PeerIdentity, certificate: PeerIdentity): boolean {
  try {
    const { raw, tolerated } = certificate
    return raw !== undefined && isSignedBy(readCertificate(raw, tolerated), readIssuerKey(issuer))
  } catch {
    // A key that cannot be parsed is not the issuer's.
    return false
  }
}
