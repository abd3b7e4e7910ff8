import '../supported-node.ts'
export { MAX_CERTIFICATE_OCTETS, MAX_SERIAL_OCTETS, certificateEnd, readCertificate } from './certificate.ts'
export type { CertificateFields } from './certificate.ts'
export { summarizeCertificate } from './certificate-summary.ts'
export type { CertificateSummary } from './certificate-summary.ts'
export { readAlgorithm } from './algorithm.ts'
export type { AlgorithmIdentifier } from './algorithm.ts'
export { parseIpAddress } from './parse-ip-address.ts'
export { readSignatureScheme, SIGNATURE_SCHEME_NAMES } from './signature-scheme.ts'
export type { SignatureScheme, SignatureSchemeOptions, SigningKeyType } from './signature-scheme.ts'
export { readExtensionList } from './extensions.ts'
export type { Extension } from './extensions.ts'
export {
  KEY_USAGE,
  readBasicConstraints,
  readCertificatePolicies,
  readExtendedKeyUsage,
  readKeyUsage
} from './extension-values.ts'
export type { BasicConstraints } from './extension-values.ts'
export { readGeneralName, readGeneralNames } from './general-names.ts'
export type { GeneralName, OtherName } from './general-names.ts'
export { readName } from './name.ts'
export { EXTENSION } from './extension-oids.ts'
