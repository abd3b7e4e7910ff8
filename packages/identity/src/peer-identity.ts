import type { DistinguishedName } from './name/distinguished-name.ts'
import type { OtherName } from './x509/general-names.ts'

/** The lists of `SubjectAltNames` that may be unknown one by one. */
export type SubjectAltNameKind = 'dns' | 'uri' | 'email' | 'ip' | 'directoryName' | 'otherName'

/** The kinds of names and claims that an authority vouches for one by one. `uri` is every URI but SPIFFE IDs; `upn` stands for all other names. */
export type ClaimKind = 'subject' | 'spiffe' | 'dns' | 'uri' | 'email' | 'ip' | 'upn' | 'policy'

/** Subject alternative names by type, each list in encoded order. All lists empty: the certificate has none. */
export interface SubjectAltNames {
  readonly dns: readonly string[]
  readonly uri: readonly string[]
  readonly email: readonly string[]
  /** Dotted decimals, or IPv6 as RFC 5952 writes it. */
  readonly ip: readonly string[]
  readonly directoryName: readonly DistinguishedName[]
  readonly otherName: readonly OtherName[]
  /**
   * Kinds that a partial identity says nothing about, or that are not believed: their list is empty because it is unknown, not because there is none. Of
   * `uri` it has those that are believed.
   * Always empty for a certificate that was just parsed. A rule that needs such a kind must not match, nor may its negation.
   */
  readonly unknown: readonly SubjectAltNameKind[]
}

/** Who the peer is: deeply frozen, JSON-serialisable, no key material. A field that is not known is `undefined`. */
export interface PeerIdentity {
  readonly subject: DistinguishedName | undefined
  /** The subject's common name. Undefined where it is not known, or where the subject has none or several. */
  readonly commonName: string | undefined
  /** The subject's organization. Undefined where it is not known, or where the subject has none or several. */
  readonly organization: string | undefined
  /** The subject's organizational unit. Undefined where it is not known, or where the subject has none or several. */
  readonly organizationalUnit: string | undefined
  readonly issuer: DistinguishedName | undefined
  readonly subjectAltNames: SubjectAltNames | undefined
  /** The SPIFFE ID of a valid X.509-SVID leaf: exactly one URI name, which is a SPIFFE ID with a path, and no CA (X509-SVID 5.2). */
  readonly spiffeId: string | undefined
  /** Lower-case hex, an even number of digits, as encoded without the sign octet. */
  readonly serialNumber: string | undefined
  /** Milliseconds since the epoch. */
  readonly notBefore: number | undefined
  readonly notAfter: number | undefined
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint256: string | undefined
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hex. */
  readonly publicKey256: string | undefined
  /** OIDs in encoded order; empty where the extension is absent. */
  readonly extendedKeyUsage: readonly string[] | undefined
  readonly policies: readonly string[] | undefined
  /** Whether it may sign certificates: basicConstraints say CA, and keyUsage, if present, allows keyCertSign. */
  readonly isCa: boolean | undefined
  /** The authority that vouches for the certificate; undefined where none was asked. */
  readonly authority: string | undefined
  /** What the certificate may say, but its authority does not vouch for: those fields are unknown here. */
  readonly notBelieved: readonly ClaimKind[]
  readonly source: 'tls' | 'forwarded'
  /** The verified chain above the leaf, nearest issuer first, where it is known. */
  readonly chain: readonly PeerIdentity[] | undefined
  /** The gateways it came through, nearest last; empty for a direct peer. */
  readonly via: readonly PeerIdentity[]
  /** The certificate's DER, a fresh copy each time. Not enumerable, not in JSON. */
  readonly raw: Uint8Array | undefined
  /** Short, stable, one line, at most 256 characters, without control characters: for logs. */
  toString (): string
  /** A plain object: names as RFC 4514 text, no bytes. */
  toJSON (): object
}
