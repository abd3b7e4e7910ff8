import './supported-node.ts'
export { parsePeerIdentity, readPeerIdentity } from './parse-peer-identity.ts'
export type { KnownParts, ParsePeerIdentityOptions } from './parse-peer-identity.ts'
export { createPartialIdentity } from './create-partial-identity.ts'
export type { KnownIdentity } from './create-partial-identity.ts'
export type { KnownAltNames } from './partial-alt-names.ts'
export { claimsOf, isPeerIdentity, limitPeerIdentity, relinkPeerIdentity, viewDer } from './identity.ts'
export type { PeerLinks } from './identity.ts'
export type { ClaimKind, PeerIdentity, SubjectAltNameKind, SubjectAltNames } from './peer-identity.ts'
export { isSpiffe } from './subject-alt-names.ts'
export { isDistinguishedName } from './name/distinguished-name.ts'
export type { DistinguishedName } from './name/distinguished-name.ts'
export type { NameAttribute } from './name/name-attribute.ts'
export { MAX_NAME_LENGTH, parseDistinguishedName } from './name/parse.ts'
export { equalDistinguishedNames, equalNameAttributes } from './name/compare.ts'
export { isUnfolded, matchDistinguishedNames, nameKey, rdnKeys, unfoldedKey } from './name/name-key.ts'
export { endOfValidity, validityAt } from './validity.ts'
export type { ValidityPeriod } from './validity.ts'
export { attributeTypeNames, describeAttributeType, resolveAttributeType } from './name/attribute-types.ts'
export { MAX_SPIFFE_ID_OCTETS, parseSpiffeId } from './spiffe-id.ts'
export type { SpiffeId } from './spiffe-id.ts'
export { decodePem, encodePem } from './pem.ts'
export { isObjectIdentifier } from './der/object-identifier.ts'
export type { TextEncoding } from './der/text.ts'
export type { OtherName } from './x509/general-names.ts'
export { CERTIFICATE_FLAWS } from './x509/certificate-flaw.ts'
export type { CertificateFlaw } from './x509/certificate-flaw.ts'
export {
  MTLS_ERR_CERTIFICATE_INVALID,
  MTLS_ERR_DER_INVALID,
  MTLS_ERR_IDENTITY_OPTION,
  MTLS_ERR_NAME_INVALID,
  MTLS_ERR_PEM_INVALID,
  MTLS_ERR_SPIFFE_ID_INVALID
} from './errors.ts'
export type {
  CertificateInvalidError,
  CertificateInvalidReason,
  DerInvalidError,
  NameInvalidError,
  NameInvalidReason,
  PemInvalidError,
  PemInvalidReason,
  SpiffeIdInvalidError,
  SpiffeIdInvalidReason
} from './reasons.ts'
