import crypto, { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { CERTIFICATE_FLAWS, claimsOf, nameKey, rdnKeys, readPeerIdentity, unfoldedKey } from '@peerkit/identity'
import type { CertificateFlaw, DistinguishedName, PeerIdentity } from '@peerkit/identity'
import { readCertificate, readName, readSignatureScheme } from '@peerkit/identity/x509'
import type { BasicConstraints, CertificateFields, SignatureScheme } from '@peerkit/identity/x509'
import type { NameConstraints } from '../name-constraints/read-constraints.ts'
import type { PolicyConstraints, PolicyMapping } from '../policies/read-policies.ts'
import { readAuthorityKeyId, readContents, readSubjectKeyId } from './contents.ts'
import type { Contents } from './contents.ts'
import type { PublicKeyKind } from './public-key.ts'

const NONE: readonly CertificateFlaw[] = Object.freeze([])

/** How a certificate is read. */
export interface ReadingOptions {
  /** The identity of the same bytes, if they were parsed before. */
  readonly identity?: PeerIdentity | undefined
  /**
   * The flaws that do not keep it from being read. Path validation refuses them, unless the authority tolerates them:
   * see `Certificate#flaws`. Default: none.
   */
  readonly tolerate?: readonly CertificateFlaw[] | undefined
}

/**
 * A certificate for path validation. Reading it verifies nothing.
 *
 * The constructor reads only the outer structure. The names are read for the path search, before the signature is
 * verified. The other contents are read at the first access, and throw CertificateInvalidError or DerInvalidError if
 * they are malformed.
 */
export class Certificate {
  readonly fields: CertificateFields
  /** Whether a key made the signature, by the SHA-256 of the key's SubjectPublicKeyInfo. A result never changes. */
  edges: Map<string, boolean> | undefined
  #fingerprint: string | undefined
  #publicKeyHash: string | undefined
  #subject: DistinguishedName | undefined
  #issuer: DistinguishedName | undefined
  #subjectRdns: readonly string[] | undefined
  #subjectKey: string | undefined
  #issuerKey: string | undefined
  #subjectKeyId: string | null | undefined
  #authorityKeyId: string | null | undefined
  #key: KeyObject | null | undefined
  #contents: Contents | undefined

  readonly #given: PeerIdentity | undefined
  readonly #tolerate: readonly CertificateFlaw[]

  /** @throws CertificateInvalidError if the outer structure cannot be read */
  constructor (der: Uint8Array, { identity, tolerate = NONE }: ReadingOptions = {}) {
    this.fields = readCertificate(der, tolerate)
    this.#given = identity && claimsOf(identity)
    this.#tolerate = tolerate
  }

  get der (): Uint8Array { return this.fields.der }

  /** SHA-256 of the DER, lower-case hex. */
  get fingerprint (): string {
    this.#fingerprint ??= this.#given?.fingerprint256 ?? fingerprintOf(this.fields.der)
    return this.#fingerprint
  }

  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hex. */
  get publicKeyHash (): string {
    this.#publicKeyHash ??= crypto.hash('sha256', this.fields.subjectPublicKeyInfo, 'hex')
    return this.#publicKeyHash
  }

  get subject (): DistinguishedName {
    this.#subject ??= this.#given?.subject ?? nameIn(this.fields, this.fields.subjectRaw)
    return this.#subject
  }

  get issuer (): DistinguishedName {
    this.#issuer ??= this.#given?.issuer ?? nameIn(this.fields, this.fields.issuerRaw)
    return this.#issuer
  }

  get subjectRdns (): readonly string[] {
    this.#subjectRdns ??= foldName(this.subject, this.fields.subjectRaw)
    return this.#subjectRdns
  }

  /** The subject in a form that is equal for equal names (RFC 5280 section 7.1). */
  get subjectKey (): string {
    this.#subjectKey ??= nameKey(this.subjectRdns)
    return this.#subjectKey
  }

  get issuerKey (): string {
    this.#issuerKey ??= nameKey(foldName(this.issuer, this.fields.issuerRaw))
    return this.#issuerKey
  }

  /** Whether subject and issuer are the same name (RFC 5280 section 6.1). */
  get selfIssued (): boolean { return this.subjectKey === this.issuerKey }

  /** A key of the CA, made of its name and public key. All certificates of the CA share it. */
  get authority (): string { return `${this.publicKeyHash} ${this.subjectKey}` }

  get scheme (): SignatureScheme | undefined {
    return readSignatureScheme(this.fields.signatureAlgorithm, { dsa: true })
  }

  /** The subjectKeyIdentifier, if it has at most 64 octets (RFC 5280 section 4.2.1.2). It is only a hint. */
  get subjectKeyId (): string | undefined {
    if (this.#subjectKeyId === undefined) this.#subjectKeyId = readSubjectKeyId(this.fields) ?? null
    return this.#subjectKeyId ?? undefined
  }

  /** The authorityKeyIdentifier, if it has at most 64 octets (RFC 5280 section 4.2.1.1). It is only a hint. */
  get authorityKeyId (): string | undefined {
    if (this.#authorityKeyId === undefined) this.#authorityKeyId = readAuthorityKeyId(this.fields) ?? null
    return this.#authorityKeyId ?? undefined
  }

  /** Whether the contents were read. That happens only after the signature was verified. */
  get isRead (): boolean { return this.#contents !== undefined }

  get contents (): Contents {
    this.#contents ??= this.#read()
    return this.#contents
  }

  /**
   * Reads the contents now, so that they do not throw later.
   *
   * @throws CertificateInvalidError, DerInvalidError
   */
  readWhole (): void {
    this.#contents ??= this.#read()
  }

  /** The flaws that were tolerated while it was read. */
  get flaws (): readonly CertificateFlaw[] { return this.identity.tolerated }

  get identity (): PeerIdentity { return this.contents.identity }
  get keyKind (): PublicKeyKind { return this.contents.keyKind }
  get basicConstraints (): BasicConstraints | undefined { return this.contents.basicConstraints }
  get keyUsage (): number | undefined { return this.contents.keyUsage }
  get nameConstraints (): NameConstraints | undefined { return this.contents.nameConstraints }
  get policies (): readonly string[] | undefined { return this.contents.policies }
  get policyMappings (): readonly PolicyMapping[] | undefined { return this.contents.policyMappings }
  get policyConstraints (): PolicyConstraints | undefined { return this.contents.policyConstraints }
  get inhibitAnyPolicy (): number | undefined { return this.contents.inhibitAnyPolicy }

  #read (): Contents {
    return readContents(this.fields, this.#given ?? readPeerIdentity(this.fields, {
      subject: this.subject,
      issuer: this.issuer,
      fingerprint256: this.fingerprint,
      publicKey256: this.publicKeyHash,
      tolerate: this.#tolerate
    }))
  }

  /** The public key, parsed at the first call (34–100 µs). Undefined if OpenSSL refuses it. */
  publicKey (): KeyObject | undefined {
    if (this.#key === undefined) this.#key = parseKey(this.fields.subjectPublicKeyInfo)
    return this.#key ?? undefined
  }
}

export function fingerprintOf (der: Uint8Array): string {
  return crypto.hash('sha256', der, 'hex')
}

/**
 * Reads a certificate with its contents. For anchors, which are trusted without a signature.
 *
 * @throws CertificateInvalidError, DerInvalidError
 */
export function readWholeCertificate (der: Uint8Array, options?: ReadingOptions): Certificate {
  const certificate = new Certificate(der, options)
  certificate.readWhole()
  return certificate
}

/** Reads a certificate that a peer sent. Undefined if its outer structure cannot be read. */
export function tryReadCertificate (der: Uint8Array, options?: ReadingOptions): Certificate | undefined {
  try {
    return new Certificate(der, options)
  } catch {
    return undefined
  }
}

/** A longer name is compared without normalization, which would cost too much for an unverified certificate. */
const MAX_FOLDED_OCTETS = 1_024

function foldName (name: DistinguishedName, der: Uint8Array): readonly string[] {
  return der.length > MAX_FOLDED_OCTETS ? [unfoldedKey(Buffer.from(der).toString('latin1'))] : rdnKeys(name)
}

/** Reads a name in place, so that errors contain its offset in the certificate. */
function nameIn ({ der }: CertificateFields, part: Uint8Array): DistinguishedName {
  const start = part.byteOffset - der.byteOffset
  return readName(der, start, start + part.length)
}

function parseKey (subjectPublicKeyInfo: Uint8Array): KeyObject | null {
  try {
    return createPublicKey({ key: Buffer.from(subjectPublicKeyInfo), format: 'der', type: 'spki' })
  } catch {
    // For example, a point that is not on the curve.
    return null
  }
}

/** What is needed to read a certificate again at little cost: its bytes and the results of signature verification. */
export type CertificateTrace = Pick<Certificate, 'der' | 'edges'>

export function traceOf ({ der, edges }: Certificate): CertificateTrace {
  return { der, edges }
}

/** @param identity the identity of the same bytes */
export function readTraced ({ der, edges }: CertificateTrace, identity: PeerIdentity): Certificate {
  // It was read before. Whether its authority still tolerates its flaws, path validation checks again.
  const certificate = new Certificate(der, { identity, tolerate: CERTIFICATE_FLAWS })
  certificate.edges = edges
  return certificate
}
