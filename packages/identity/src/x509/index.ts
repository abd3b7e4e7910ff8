import '../supported-node.ts'
export { MAX_CERTIFICATE_OCTETS, MAX_SERIAL_OCTETS, certificateEnd, readCertificate } from './certificate.ts'
export type { CertificateFields } from './certificate.ts'
export { summarizeCertificate } from './certificate-summary.ts'
export type { CertificateSummary } from './certificate-summary.ts'
export { SIGNATURE_SCHEME_NAMES, readAlgorithm, readSignatureScheme } from './algorithm.ts'
export type { AlgorithmIdentifier, SignatureScheme, SignatureSchemeOptions, SigningKeyType } from './algorithm.ts'
export {
  EXTENSION, KEY_USAGE, readBasicConstraints, readCertificatePolicies, readExtendedKeyUsage, readExtensionList,
  readKeyUsage
} from './extensions.ts'
export type { BasicConstraints, Extension } from './extensions.ts'
export { readGeneralName, readGeneralNames } from './general-names.ts'
export type { GeneralName, OtherName } from './general-names.ts'
export { parseIpAddress, renderIpAddress } from './ip-address.ts'
export { MAX_BITS, MAX_INTEGER_OCTETS, readTypedValue } from './typed-value.ts'
export type { TypedValue } from './typed-value.ts'
export { readName } from '../name/decode.ts'
