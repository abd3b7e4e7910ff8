import type { PeerIdentity } from '@peerkit/identity'

/** One value, or several of which any will do. An array must not be empty. */
export type OneOrMore<T> = T | readonly T[]

/** Names of attribute types that a `subject` or `issuer` object may use; each also in lower case; others by their OID. */
export type AttributeName =
  | 'CN' | 'commonName' | 'SN' | 'surname' | 'serialNumber' | 'C' | 'countryName' | 'country' | 'L' | 'localityName' | 'locality'
  | 'ST' | 'stateOrProvinceName' | 'stateOrProvince' | 'S' | 'STREET' | 'streetAddress' | 'O' | 'organizationName' | 'organization'
  | 'OU' | 'organizationalUnitName' | 'organizationalUnit' | 'title' | 'T' | 'description' | 'businessCategory' | 'postalCode' | 'name'
  | 'givenName' | 'GN' | 'initials' | 'generationQualifier' | 'generation' | 'x500UniqueIdentifier' | 'dnQualifier' | 'DNQ' | 'pseudonym'
  | 'organizationIdentifier' | 'UID' | 'userId' | 'DC' | 'domainComponent' | 'emailAddress' | 'E' | 'jurisdictionL'
  | 'jurisdictionLocality' | 'jurisdictionST' | 'jurisdictionStateOrProvince' | 'jurisdictionC' | 'jurisdictionCountry'

/** Attributes that a name must contain, by name or OID: all of them, each with any of its values. */
export type NameAttributes = { readonly [name in AttributeName | Lowercase<AttributeName> | `${number}.${number}.${string}`]?: OneOrMore<string> }

/** A whole distinguished name as RFC 4514 text, or attributes that it must contain. */
export type NameRule = string | NameAttributes

/** What can be asked of any certificate. */
interface CertificateRule {
  /** The name of the authority that vouches for the certificate, exactly. Where nobody knows it, the key is unknown. */
  readonly authority?: OneOrMore<string>
  /** Text: the whole name, attribute by attribute. Object: contains. */
  readonly subject?: OneOrMore<NameRule>
  /** Any commonName of the subject, exactly, case included. */
  readonly commonName?: OneOrMore<string>
  /** Short for `commonName`. */
  readonly cn?: OneOrMore<string>
  /** Any organization of the subject, exactly, case included. */
  readonly organization?: OneOrMore<string>
  /** Short for `organization`. */
  readonly o?: OneOrMore<string>
  /** Any organizationalUnit of the subject, exactly, case included. */
  readonly organizationalUnit?: OneOrMore<string>
  /** Short for `organizationalUnit`. */
  readonly ou?: OneOrMore<string>
  /** A dNSName, whatever its case; `*.` at the start covers exactly one label. Never the common name. */
  readonly dns?: OneOrMore<string>
  /** A URI name, exactly; in its path `*` covers one segment and a last `**` one or more. */
  readonly uri?: OneOrMore<string>
  /** The SPIFFE ID of a valid X.509-SVID: exactly, with `*` and a last `**` as in `uri`, or a bare trust domain for all of its IDs. */
  readonly spiffe?: OneOrMore<string>
  /** An rfc822Name; the host's case does not matter. */
  readonly email?: OneOrMore<string>
  /** An iPAddress: an address, or a range in CIDR notation. An IPv4-mapped IPv6 address is the IPv4 address. */
  readonly ip?: OneOrMore<string>
  /** The issuer's name, as `subject`. */
  readonly issuer?: OneOrMore<NameRule>
  /** Hex digits, in pairs with colons or without; only together with `issuer`. */
  readonly serialNumber?: OneOrMore<string>
  /** SHA-256 of the certificate: hex (case and colons do not matter) or base64. */
  readonly fingerprint?: OneOrMore<string>
  /** SHA-256 of the SubjectPublicKeyInfo: hex or base64. Survives a renewal with the same key. */
  readonly publicKey?: OneOrMore<string>
  /** A certificate policy's OID. */
  readonly policy?: OneOrMore<string>
  /** An extended key usage's OID. */
  readonly extendedKeyUsage?: OneOrMore<string>
}

/** A rule on a gateway's own certificate. */
export interface GatewayRule extends CertificateRule {
  readonly not?: OneOrMore<GatewayRule>
}

/** All keys must hold; of a key's values any. */
export interface AllowRule extends CertificateRule {
  /** A rule for the nearest gateway of a forwarded certificate. A direct peer has none, so it does not match. */
  readonly via?: OneOrMore<GatewayRule>
  /** Rules of which none may match. What cannot be known of a partial identity counts against it. */
  readonly not?: OneOrMore<AllowRule>
}

/** Decides by code. Whatever is not exactly `true` refuses; throwing and rejecting refuse too. */
export type Predicate<Request = unknown> = (peer: PeerIdentity, request: Request) => boolean | Promise<boolean>

/** A rule, the name of a group, or a predicate. */
export type RuleEntry<Group extends string = string, Request = unknown> = AllowRule | Group | Predicate<Request>

/** No list: all keys of a rule are optional, so that TypeScript would take any list for one. */
interface NoList { readonly length?: never }

/** One entry, or several of which any may allow. */
export type RuleSet<Group extends string = string, Request = unknown> =
  (AllowRule & NoList) | Group | Predicate<Request> | readonly RuleEntry<Group, Request>[]

/** Rules by name. A group may name other groups, but not itself. */
export type Groups<Group extends string = string, Request = unknown> = { readonly [name in Group]: RuleSet<string, Request> }
