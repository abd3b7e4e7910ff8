import './supported-node.ts'
export { parsePeerIdentity, readPeerIdentity } from './parse-peer-identity.ts'
export type { KnownParts, ParsePeerIdentityOptions } from './parse-peer-identity.ts'
export { createPartialIdentity } from './create-partial-identity.ts'
export type { KnownIdentity } from './create-partial-identity.ts'
export type { KnownAltNames } from './subject-alt-names.ts'
export { claimsOf, isPeerIdentity, limitPeerIdentity, relinkPeerIdentity, viewDer } from './identity.ts'
export type { PeerLinks } from './identity.ts'
export { endOfValidity, validityAt } from './peer-identity.ts'
export type { ClaimKind, PeerIdentity, SubjectAltNameKind, SubjectAltNames, ValidityPeriod } from './peer-identity.ts'
export { MAX_SPIFFE_ID_OCTETS, isSpiffe, parseSpiffeId } from './spiffe-id.ts'
export type { SpiffeId } from './spiffe-id.ts'
export { isDistinguishedName } from './name/distinguished-name.ts'
export type { DistinguishedName, NameAttribute } from './name/distinguished-name.ts'
export { MAX_NAME_LENGTH, parseDistinguishedName } from './name/parse.ts'
export {
  equalDistinguishedNames, equalNameAttributes, isUnfolded, matchDistinguishedNames, nameKey, rdnKeys, unfoldedKey
} from './name/compare.ts'
export { attributeTypeNames, describeAttributeType, resolveAttributeType } from './name/attribute-types.ts'
export { decodePem, encodePem } from './pem.ts'
export { isObjectIdentifier } from './der/object-identifier.ts'
export type { TextEncoding } from './der/text.ts'
export { CERTIFICATE_FLAWS } from './x509/certificate.ts'
export type { CertificateFlaw } from './x509/certificate.ts'
export type { OtherName } from './x509/general-names.ts'
export {
  CertificateInvalidError, DerInvalidError, IdentityOptionError, NameInvalidError, PemInvalidError, SpiffeIdInvalidError
} from './errors.ts'
export type {
  CertificateInvalidReason, NameInvalidReason, PemInvalidReason, SpiffeIdInvalidReason
} from './errors.ts'
