import type { KeyUsage } from '@peerkit/identity'

/** A reason of RFC 5280 section 5.3.1. */
export type RevocationReason =
  | 'unspecified' | 'keyCompromise' | 'cACompromise' | 'affiliationChanged' | 'superseded' | 'cessationOfOperation'
  | 'certificateHold' | 'removeFromCRL' | 'privilegeWithdrawn' | 'aACompromise'

/** The type of a key pair. */
export type KeyType = 'ec-p256' | 'ec-p384' | 'rsa-2048' | 'rsa-3072' | 'ed25519'

/** The ASN.1 string type of a name attribute. */
export type StringEncoding = 'utf8' | 'printable' | 'ia5' | 'bmp' | 't61' | 'universal'

/** One attribute of a relative distinguished name; `type` is a short name (`CN`) or a dotted OID. */
export interface NameAttributeOption {
  readonly type: string
  readonly value: string
  readonly encoding?: StringEncoding
}

/** A distinguished name in encoded order; a nested array is a multi-valued RDN. */
export type NameOption = ReadonlyArray<NameAttributeOption | readonly NameAttributeOption[]>

/**
 * A value: a string as UTF8String, a boolean, a number as INTEGER, a Date as time, an OID, bytes as OCTET STRING. A
 * Uint8Array is DER, or whatever else is to be in its place.
 */
export type ValueOption =
  | string | boolean | number | bigint | Date | Uint8Array | { readonly oid: string } | { readonly octets: Uint8Array }

/** A certificate extension. */
export interface ExtensionOption {
  readonly oid: string
  readonly critical?: boolean
  /** The content of extnValue. */
  readonly value: ValueOption
}

/** An otherName of the alternative names. */
export interface OtherNameOption {
  readonly oid: string
  readonly value: ValueOption
}

/** The extension qcStatements. */
export interface QualifiedOption {
  /** Whether to claim a qualified certificate of the EU (QcCompliance). Default true. */
  readonly compliance?: boolean
  /** `esign`, `eseal`, `web`, or an OID. */
  readonly type?: string | readonly string[]
  /** The statement of a payment service provider. */
  readonly psd2?: {
    /** `PSP_AS`, `PSP_PI`, `PSP_AI`, `PSP_IC` or another of ETSI TS 119 495, or an OID. */
    readonly roles: string | readonly string[]
    /** NCAId, such as `DE-BAFIN`. */
    readonly authority: string
    /** NCAName. Default: the same as `authority`. */
    readonly authorityName?: string
  }
}

/** A ProfessionInfo of the extension admission. */
export interface AdmissionOption {
  readonly profession?: string | readonly string[]
  readonly professionOid?: string | readonly string[]
  readonly registrationNumber?: string
}

/** The lifetime of a certificate: `days` from `notBefore`, or until `notAfter`. */
export interface ValidityOptions {
  /** Days from `notBefore`. Default 7 for a leaf, 30 for a CA. */
  readonly days?: number
  /** Default: five minutes ago, for clocks that are a little slow. */
  readonly notBefore?: Date
  readonly notAfter?: Date
}

/** Options of a CA. */
export interface CaOptions extends ValidityOptions {
  /** Common name. Default `Peerkit development CA`. */
  readonly name?: string
  readonly subject?: NameOption
  /** Default `ec-p256`. */
  readonly key?: KeyType
  /** pathLenConstraint (RFC 5280 section 4.2.1.9). Default: none for a root, 0 for an intermediate. */
  readonly pathLength?: number
  /** Additional extensions. One with the OID of a generated extension replaces it. */
  readonly extensions?: readonly ExtensionOption[]
}

/** Options of a leaf. */
export interface IssueOptions extends ValidityOptions {
  /** Sets the extended key usage: `serverAuth`, `clientAuth` or both. Default `both`. */
  readonly profile?: 'server' | 'client' | 'both'
  readonly cn?: string
  readonly o?: string | readonly string[]
  readonly ou?: string | readonly string[]
  /** The whole subject. Replaces `cn`, `o` and `ou`. */
  readonly subject?: NameOption
  /** DNS names. The first label may be `*`. */
  readonly dns?: string | readonly string[]
  readonly ip?: string | readonly string[]
  readonly uri?: string | readonly string[]
  readonly spiffe?: string
  readonly email?: string | readonly string[]
  /** User principal names, as otherName SANs (1.3.6.1.4.1.311.20.2.3). */
  readonly upn?: string | readonly string[]
  readonly directoryName?: NameOption
  readonly otherName?: OtherNameOption | readonly OtherNameOption[]
  /** OIDs. */
  readonly registeredId?: string | readonly string[]
  /** Claims of a qualified certificate (ETSI EN 319 412-5), and of a payment service provider (ETSI TS 119 495). */
  readonly qualified?: QualifiedOption
  /** Professions with a registration number (Common PKI, gematik). */
  readonly admission?: AdmissionOption | readonly AdmissionOption[]
  /** Default `ec-p256`. */
  readonly key?: KeyType
  /** Serial number in hexadecimal. Default: 16 random bytes. */
  readonly serialNumber?: string
  /** Certificate policy OIDs. */
  readonly policies?: readonly string[]
  /** URLs of CRLs (RFC 5280 section 4.2.1.13). */
  readonly crlUrls?: readonly string[]
  /** URLs of OCSP responders (RFC 5280 section 4.2.2.1). */
  readonly ocspUrls?: readonly string[]
  /** For tests: extended key usages by name or OID. Replaces those of `profile`. An empty list omits the extension. */
  readonly extendedKeyUsage?: readonly string[]
  /** Key usages (RFC 5280 section 4.2.1.3). Default `digitalSignature`. An empty list omits the extension. */
  readonly keyUsage?: readonly KeyUsage[]
  /**
   * Whether names have to be names: `dns`, `uri`, `spiffe`, `email`, `upn`, `crlUrls`, `ocspUrls`, and text for `cn`,
   * `o` and `ou`. Default true: a wrong one is refused, and one outside of ASCII is encoded as A-labels
   * (`bücher.example` becomes `xn--bcher-kva.example`) or with percent signs. False, for tests: any text is encoded as
   * it is.
   */
  readonly checkNames?: boolean
  /** For tests: sets CA in basicConstraints. */
  readonly ca?: boolean
  /** Additional extensions. One with the OID of a generated extension replaces it. */
  readonly extensions?: readonly ExtensionOption[]
}

/** Options of `revoke`. */
export interface RevokeOptions {
  /** Default: no reason in the CRL. */
  readonly reason?: RevocationReason
  /** Default: now. */
  readonly date?: Date
}

/** Options of `crl`. */
export interface CrlOptions {
  /** Default: now. */
  readonly thisUpdate?: Date
  /** Default: seven days after `thisUpdate`. `null` omits it. */
  readonly nextUpdate?: Date | null
  /** The cRLNumber. Default: the last number plus one. */
  readonly number?: number
  /** Creates a delta CRL: only the certificates that were revoked since the complete CRL with this number, its base. */
  readonly deltaBase?: number
}

/** The result of `issue`. */
export interface IssuedCertificate {
  /** The leaf, PEM. */
  readonly cert: string
  /** The leaf and the intermediates, PEM. Use it as `cert`. */
  readonly chain: string
  /** The private key, PKCS#8 PEM. */
  readonly key: string
  /** The leaf, DER. */
  readonly der: Uint8Array
  /** Lower-case hexadecimal, as `PeerIdentity#serialNumber`. */
  readonly serialNumber: string
  /** The root, PEM. */
  readonly ca: string
}
