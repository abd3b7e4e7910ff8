import type { CertificateExtension } from './certificate-extensions.ts'
import type { DistinguishedName } from './name/distinguished-name.ts'
import type { AdmittedProfession } from './x509/admission.ts'
import type { CertificateFlaw } from './x509/certificate.ts'
import type { KeyUsage } from './x509/extensions.ts'
import type { OtherName } from './x509/general-names.ts'
import type { QualifiedStatements } from './x509/qualified-statements.ts'

/** The lists of `SubjectAltNames`, each of which may be unknown. */
export type SubjectAltNameKind =
  | 'dns' | 'uri' | 'email' | 'ip' | 'directoryName' | 'otherName' | 'registeredId'

/**
 * The kinds of names and claims that an authority can vouch for. `uri` is every URI except SPIFFE IDs; `upn` is all
 * other names.
 */
export type ClaimKind =
  | 'subject' | 'spiffe' | 'dns' | 'uri' | 'email' | 'ip' | 'upn' | 'policy' | 'registeredId'
  | 'qualified' | 'admission' | 'extension'

/** Subject alternative names by kind, each list in encoded order. If the certificate has none, all lists are empty. */
export interface SubjectAltNames {
  readonly dns: readonly string[]
  readonly uri: readonly string[]
  readonly email: readonly string[]
  /** Dotted decimals, or IPv6 in the form of RFC 5952. */
  readonly ip: readonly string[]
  readonly directoryName: readonly DistinguishedName[]
  readonly otherName: readonly OtherName[]
  /** OIDs in dotted decimals. */
  readonly registeredId: readonly string[]
  /**
   * Kinds that are unknown: a partial identity does not have them, the authority does not vouch for them, or a name
   * of the kind cannot be read (a tolerated flaw). Their list is empty for that reason, except that `uri` keeps the
   * URIs that the authority vouches for. Empty for a certificate that was just parsed. Neither a rule that needs
   * such a kind nor its negation may match.
   */
  readonly unknown: readonly SubjectAltNameKind[]
}

/**
 * The identity of a peer: deeply frozen, serializable as JSON, without key material. A field that is not known is
 * `undefined`.
 */
export interface PeerIdentity {
  readonly subject: DistinguishedName | undefined
  /** The subject's common name. Undefined if it is not known, or if the subject has none or several. */
  readonly commonName: string | undefined
  /** The subject's organization. Undefined if it is not known, or if the subject has none or several. */
  readonly organization: string | undefined
  /** The subject's organizational unit. Undefined if it is not known, or if the subject has none or several. */
  readonly organizationalUnit: string | undefined
  readonly issuer: DistinguishedName | undefined
  readonly subjectAltNames: SubjectAltNames | undefined
  /**
   * The SPIFFE ID of a valid X.509-SVID leaf: exactly one URI, which is a SPIFFE ID with a path, and not a CA
   * (X509-SVID section 5.2).
   */
  readonly spiffeId: string | undefined
  /** The trust domain of `spiffeId`: `prod.example`. Undefined without a SPIFFE ID, or if it is not believed. */
  readonly trustDomain: string | undefined
  /**
   * Lower-case hex, an even number of digits, without the sign byte. A negative one, if tolerated, is `-` and its
   * amount, as OpenSSL and Node show it.
   */
  readonly serialNumber: string | undefined
  /** Milliseconds since the epoch. */
  readonly notBefore: number | undefined
  readonly notAfter: number | undefined
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint256: string | undefined
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hex. */
  readonly publicKey256: string | undefined
  /** OIDs in encoded order; empty if the extension is absent. */
  readonly extendedKeyUsage: readonly string[] | undefined
  readonly policies: readonly string[] | undefined
  /** In the order of RFC 5280 section 4.2.1.3; empty if the extension is absent, which then limits nothing. */
  readonly keyUsage: readonly KeyUsage[] | undefined
  /** Whether it may sign certificates: basicConstraints say CA, and keyUsage, if present, allows keyCertSign. */
  readonly isCa: boolean | undefined
  /**
   * The claims of the extension qcStatements. Read when first asked for, not enumerable, not in JSON. Undefined in a
   * partial identity, if the authority does not vouch for it, or if the extension is malformed.
   */
  readonly qualified: QualifiedStatements | undefined
  /** The professions of the extension admission; empty without it. Otherwise as `qualified`. */
  readonly admission: readonly AdmittedProfession[] | undefined
  /**
   * The OIDs of the extensions that the authority vouches for. Undefined: all, or none if `notBelieved` has
   * `extension`. Not enumerable, not in JSON.
   */
  readonly believedExtensions: readonly string[] | undefined
  /** The authority that vouches for the certificate; undefined if there are no named authorities. */
  readonly authority: string | undefined
  /** Kinds that the authority does not vouch for. Those fields are unknown here. */
  readonly notBelieved: readonly ClaimKind[]
  /** The flaws of the certificate that its authority tolerates. Usually empty. */
  readonly tolerated: readonly CertificateFlaw[]
  readonly source: 'tls' | 'forwarded'
  /** The verified chain above the leaf, nearest issuer first; undefined if it is not known. */
  readonly chain: readonly PeerIdentity[] | undefined
  /** The gateways between the client and this server, nearest last; empty for a direct peer. */
  readonly via: readonly PeerIdentity[]
  /** The certificate's DER, a fresh copy each time. Not enumerable, not in JSON. */
  readonly raw: Uint8Array | undefined
  /**
   * An extension of the certificate by its OID, read when first asked for.
   *
   * @returns null if the certificate does not have it; undefined in a partial identity, or if the authority does not
   *   vouch for it
   */
  extension (oid: string): CertificateExtension | null | undefined
  /** One short line for logs: stable, at most 256 characters, without control characters. */
  toString (): string
  /** A plain object: names as RFC 4514 text, no bytes. */
  toJSON (): object
}

/** The validity period of a certificate, in milliseconds since the epoch. A `PeerIdentity` has both. */
export interface ValidityPeriod {
  readonly notBefore?: number | undefined
  readonly notAfter?: number | undefined
}

/**
 * When a certificate expires, in milliseconds since the epoch. It is still valid in the second of `notAfter` (RFC 5280
 * section 4.1.2.5), so this is one second later. A certificate without `notAfter` counts as expired.
 *
 * @example
 * ```ts
 * if (Date.now() >= endOfValidity(peer)) console.log('expired')
 * ```
 */
export function endOfValidity ({ notAfter = -Infinity }: ValidityPeriod): number {
  return notAfter + 1_000
}

/**
 * Whether a certificate is valid at a time (RFC 5280 section 4.1.2.5). All packages use this function, so that they
 * agree to the millisecond.
 *
 * @param now milliseconds since the epoch
 * @returns `valid`, `expired` or `not_yet_valid`
 * @example
 * ```ts
 * console.log(validityAt(peer, Date.now())) // valid
 * ```
 */
export function validityAt (period: ValidityPeriod, now: number): 'valid' | 'expired' | 'not_yet_valid' {
  if (now >= endOfValidity(period)) return 'expired'
  return now < (period.notBefore ?? Infinity) ? 'not_yet_valid' : 'valid'
}
