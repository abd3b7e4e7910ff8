import type { KeyUsage, PeerIdentity } from '@peerkit/identity'

/** One value, or several of which any may match. An array must not be empty. */
export type OneOrMore<T> = T | readonly T[]

/**
 * A value that each request brings along: a parameter of the route, a query parameter or a header. It is compared as it
 * is, never as a pattern. The request must have it exactly once, and the certificate must have no other value of the
 * kind. Otherwise neither the key nor its `not` matches.
 */
export type RequestValue =
  | { readonly param: string, readonly query?: never, readonly header?: never }
  | { readonly query: string, readonly param?: never, readonly header?: never }
  | { readonly header: string, readonly param?: never, readonly query?: never }

/** A value as it is written in a rule, or one of the request. */
export type Value = string | RequestValue

/** The spellings of the attribute that has parts. */
type IdentifierName = 'organizationIdentifier' | 'organizationidentifier'
type OtherAttribute = Exclude<AttributeName | Lowercase<AttributeName>, IdentifierName>

/** Names of attribute types for a `subject` or `issuer` object, also in lower case. Other types are named by OID. */
export type AttributeName =
  | 'CN' | 'commonName' | 'SN' | 'surname' | 'serialNumber' | 'C' | 'countryName' | 'country' | 'L' | 'localityName'
  | 'locality' | 'ST' | 'stateOrProvinceName' | 'stateOrProvince' | 'S' | 'STREET' | 'streetAddress' | 'O'
  | 'organizationName' | 'organization' | 'OU' | 'organizationalUnitName' | 'organizationalUnit' | 'title' | 'T'
  | 'description' | 'businessCategory' | 'postalCode' | 'name' | 'givenName' | 'GN' | 'initials'
  | 'generationQualifier' | 'generation' | 'x500UniqueIdentifier' | 'dnQualifier' | 'DNQ' | 'pseudonym'
  | 'organizationIdentifier' | 'UID' | 'userId' | 'DC' | 'domainComponent' | 'emailAddress' | 'E' | 'jurisdictionL'
  | 'jurisdictionLocality' | 'jurisdictionST' | 'jurisdictionStateOrProvince' | 'jurisdictionC' | 'jurisdictionCountry'

/** The parts of an organizationIdentifier (ETSI EN 319 412-1 section 5.1.4), all of one identifier. */
export interface OrganizationIdentifierRule {
  /** `PSD`, `VAT`, `NTR`, `LEI` and others of three capital letters, or a national one such as `EI:`. */
  readonly type?: OneOrMore<string>
  /** ISO 3166-1 alpha-2 in capital letters. */
  readonly country?: OneOrMore<string>
  /** The state of a national register, as in `NTRUS+CA-…`. */
  readonly state?: OneOrMore<string>
  /** Of a payment service provider: the competent authority, such as `BAFIN`. */
  readonly authority?: OneOrMore<string>
  readonly number?: OneOrMore<string>
}

/** Attributes that a name must contain, by name or OID: all of them, each with any of its values. */
export type NameAttributes =
  & { readonly [name in OtherAttribute]?: OneOrMore<Value> }
  & {
    readonly [name in IdentifierName | `${number}.${number}.${string}`]?:
    OneOrMore<Value | OrganizationIdentifierRule>
  }

/**
 * A value with its type: a string, a boolean or a whole number, or an object with one of the others. `octets` and `raw`
 * (the DER of any value) are hex.
 */
export type ValueRule =
  | string | boolean | number | { readonly text: string } | { readonly integer: string } | { readonly oid: string }
  | { readonly octets: string } | { readonly bits: string } | { readonly time: string } | { readonly raw: string }

/** An otherName of the alternative names. Without `value`, any value matches. */
export interface OtherNameRule {
  readonly oid: string
  readonly value?: OneOrMore<ValueRule>
}

/** A purpose of a qualified certificate (ETSI EN 319 412-5 section 4.2.3), or an OID. */
export type QualifiedType = 'esign' | 'eseal' | 'web' | `${number}.${number}.${string}`

/** A role of a payment service provider (ETSI TS 119 495 V1.8.1), or an OID. */
export type PaymentRole =
  | 'PSP_AS' | 'PSP_PI' | 'PSP_AI' | 'PSP_IC' | 'PSP_CB' | 'PSP_PA' | 'VOP_RS' | 'VOP_VS'
  | `${number}.${number}.${string}`

/** What the extension qcStatements claims: all of these parts. */
export interface QualifiedRule {
  readonly type?: OneOrMore<QualifiedType>
  /** A statement that is there: `QcCompliance`, `QcSSCD`, or an OID. */
  readonly statement?: OneOrMore<'QcCompliance' | 'QcSSCD' | `${number}.${number}.${string}`>
  readonly psd2?: {
    readonly roles?: OneOrMore<PaymentRole>
    /** The NCAId of the competent authority, such as `DE-BAFIN`. */
    readonly authority?: OneOrMore<string>
  }
}

/** One ProfessionInfo of the extension admission. */
export interface AdmissionRule {
  /** A text, or an OID. */
  readonly profession?: OneOrMore<string>
  readonly registrationNumber?: OneOrMore<string>
}

/** An extension of the certificate. Without `value`, any value matches. */
export interface ExtensionRule {
  readonly oid: string
  readonly critical?: boolean
  readonly value?: OneOrMore<ValueRule>
}

/** A whole distinguished name as RFC 4514 text, or attributes that it must contain. */
export type NameRule = Value | NameAttributes

/** The keys of a rule that match fields of a certificate. */
interface CertificateRule {
  /** The exact name of the authority that vouches for the certificate. Unknown if the identity has no authority. */
  readonly authority?: OneOrMore<Value>
  /** A string is the whole name, compared attribute by attribute. An object lists attributes that it must contain. */
  readonly subject?: OneOrMore<NameRule>
  /** Any commonName of the subject, exactly, case-sensitive. */
  readonly commonName?: OneOrMore<Value>
  /** Short for `commonName`. */
  readonly cn?: OneOrMore<Value>
  /** Any organization of the subject, exactly, case-sensitive. */
  readonly organization?: OneOrMore<Value>
  /** Short for `organization`. */
  readonly o?: OneOrMore<Value>
  /** Any organizationalUnit of the subject, exactly, case-sensitive. */
  readonly organizationalUnit?: OneOrMore<Value>
  /** Short for `organizationalUnit`. */
  readonly ou?: OneOrMore<Value>
  /** A dNSName, case-insensitive. `*.` at the start covers exactly one label. Never the common name. */
  readonly dns?: OneOrMore<Value>
  /** A URI name, exactly. In its path, `*` covers one segment and a final `**` one or more. */
  readonly uri?: OneOrMore<Value>
  /** The SPIFFE ID of a valid X.509-SVID, as `uri`. A trust domain without a path covers all of its IDs. */
  readonly spiffe?: OneOrMore<Value>
  /** The trust domain of the SPIFFE ID, exactly: `prod.example`. Short for `spiffe` without a path. */
  readonly trustDomain?: OneOrMore<Value>
  /** An rfc822Name. The host is case-insensitive, the local part case-sensitive. */
  readonly email?: OneOrMore<Value>
  /** An iPAddress: an address, or a range in CIDR notation. An IPv4-mapped IPv6 address is the IPv4 address. */
  readonly ip?: OneOrMore<Value>
  /** A user principal name (otherName 1.3.6.1.4.1.311.20.2.3). The part after the last `@` is case-insensitive. */
  readonly upn?: OneOrMore<Value>
  /** An otherName by its type, and its value. */
  readonly otherName?: OneOrMore<OtherNameRule>
  /** A directoryName of the alternative names, as `subject`. All attributes must be in the same one. */
  readonly directoryName?: OneOrMore<NameRule>
  /** A registeredID: an OID. */
  readonly registeredId?: OneOrMore<Value>
  /** The issuer's name, as `subject`. */
  readonly issuer?: OneOrMore<NameRule>
  /** Hex digits, with or without colons between pairs. Requires `issuer`. */
  readonly serialNumber?: OneOrMore<Value>
  /** SHA-256 of the certificate: hex (case and colons are ignored) or base64. */
  readonly fingerprint?: OneOrMore<Value>
  /** SHA-256 of the SubjectPublicKeyInfo: hex or base64. A renewal with the same key keeps it. */
  readonly publicKey?: OneOrMore<Value>
  /** A certificate policy's OID. */
  readonly policy?: OneOrMore<Value>
  /** An extended key usage's OID. */
  readonly extendedKeyUsage?: OneOrMore<Value>
  /** A key usage by its name in RFC 5280. A certificate without the extension has none of them. */
  readonly keyUsage?: OneOrMore<KeyUsage>
  /** Claims of a qualified certificate, and of a payment service provider. */
  readonly qualified?: OneOrMore<QualifiedRule>
  /** A profession or registration number (Common PKI, gematik). */
  readonly admission?: OneOrMore<AdmissionRule>
  /** An extension by its OID. */
  readonly extension?: OneOrMore<ExtensionRule>
}

/** A rule for a gateway's own certificate. */
export interface GatewayRule extends CertificateRule {
  /** The rule matches only if none of these does. */
  readonly not?: OneOrMore<GatewayRule>
}

/** A rule that matches if all its keys do. A key matches if any of its values does. */
export interface PeerRule extends CertificateRule {
  /** Matches the nearest gateway of a forwarded certificate. A direct peer has no gateway and does not match. */
  readonly via?: OneOrMore<GatewayRule>
  /** The rule matches only if none of these does. If one of them is unknown, the rule does not match either. */
  readonly not?: OneOrMore<PeerRule>
}

/** A rule of a rule set. It may hold for a time only. */
export interface AllowRule extends PeerRule {
  /**
   * The rule matches from this moment on: a day such as `2027-03-15` (its start in UTC), or a moment with its offset
   * such as `2027-03-15T18:00:00Z`.
   */
  readonly validFrom?: string
  /** The rule matches before this moment and no longer from it on. Written as `validFrom`. */
  readonly validUntil?: string
}

/**
 * A function that decides whether a peer is allowed. Only `true` allows; everything else refuses, also throwing and
 * rejecting.
 */
export type Predicate<Request = unknown> = (peer: PeerIdentity, request: Request) => boolean | Promise<boolean>

/** A rule, the name of a group, or a predicate. */
export type RuleEntry<Group extends string = string, Request = unknown> = AllowRule | Group | Predicate<Request>

/** Excludes arrays: all keys of a rule are optional, so TypeScript would accept any array as a rule. */
interface NoList { readonly length?: never }

/** One entry, or several. The peer is allowed if any of them allows it. */
export type RuleSet<Group extends string = string, Request = unknown> =
  (AllowRule & NoList) | Group | Predicate<Request> | readonly RuleEntry<Group, Request>[]

/** Rule sets by name. A group may name other groups, but it must not contain itself. */
export type Groups<Group extends string = string, Request = unknown> = {
  readonly [name in Group]: RuleSet<string, Request>
}
