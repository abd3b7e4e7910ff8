export type KeyType = 'ec-p256' | 'ec-p384' | 'rsa-2048' | 'rsa-3072' | 'ed25519'

export type StringEncoding = 'utf8' | 'printable' | 'ia5' | 'bmp' | 't61' | 'universal'

/** One attribute of a relative distinguished name; `type` is a short name (`CN`) or a dotted OID. */
export interface NameAttributeOption { readonly type: string, readonly value: string, readonly encoding?: StringEncoding }

/** A distinguished name in encoded order; a nested array is a multi-valued RDN. */
export type NameOption = ReadonlyArray<NameAttributeOption | readonly NameAttributeOption[]>

export interface ExtensionOption { readonly oid: string, readonly critical?: boolean, /** DER of extnValue's content. */ readonly value: Uint8Array }

/** When a certificate is valid: `days` from `notBefore`, or up to `notAfter`. */
export interface ValidityOptions {
  /** Days from `notBefore`. Default 7 for a leaf, 30 for a CA. */
  readonly days?: number
  /** Default: five minutes ago, for clocks that are a little off. */
  readonly notBefore?: Date
  readonly notAfter?: Date
}

export interface CaOptions extends ValidityOptions {
  /** Common name. Default `Peerkit development CA`. */
  readonly name?: string
  readonly subject?: NameOption
  /** Default `ec-p256`. */
  readonly key?: KeyType
  /** pathLenConstraint (RFC 5280 section 4.2.1.9). Default: none for a root, 0 for an intermediate. */
  readonly pathLength?: number
  /** Extensions beside, or in place of, those with the same OID. */
  readonly extensions?: readonly ExtensionOption[]
}

export interface IssueOptions extends ValidityOptions {
  /** Which extended key usages the certificate gets. Default `both`. */
  readonly profile?: 'server' | 'client' | 'both'
  readonly cn?: string
  readonly o?: string | readonly string[]
  readonly ou?: string | readonly string[]
  /** A whole subject, in place of `cn`, `o` and `ou`. */
  readonly subject?: NameOption
  readonly dns?: string | readonly string[]
  readonly ip?: string | readonly string[]
  readonly uri?: string | readonly string[]
  readonly spiffe?: string
  readonly email?: string | readonly string[]
  /** User principal names, as otherName SANs (1.3.6.1.4.1.311.20.2.3). */
  readonly upn?: string | readonly string[]
  readonly directoryName?: NameOption
  /** Default `ec-p256`. */
  readonly key?: KeyType
  /** Serial number in hexadecimal. Default: 16 random octets. */
  readonly serialNumber?: string
  /** Certificate policy OIDs. */
  readonly policies?: readonly string[]
  /** URLs of CRLs and of OCSP responders (RFC 5280 sections 4.2.1.13 and 4.2.2.1). */
  readonly crlUrlChecker?: readonly string[]
  readonly ocspUrls?: readonly string[]
  /** Deliberately wrong: extended key usages by name or OID in place of the profile's; an empty list leaves the extension out. */
  readonly extendedKeyUsage?: readonly string[]
  /** Deliberately wrong: says CA in basicConstraints. */
  readonly ca?: boolean
  /** Deliberately wrong, or special: extensions beside, or in place of, those with the same OID. */
  readonly extensions?: readonly ExtensionOption[]
}

export interface IssuedCertificate {
  /** Leaf, PEM. */
  readonly cert: string
  /** Leaf and intermediates, PEM. */
  readonly chain: string
  /** PKCS#8 PEM. */
  readonly key: string
  readonly der: Uint8Array
  /** Lower-case hexadecimal, as `PeerIdentity#serialNumber`. */
  readonly serialNumber: string
  /** The root, PEM. */
  readonly ca: string
}
