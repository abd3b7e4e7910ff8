export { checkChain, type ChainStatus, type CheckChainOptions } from './check-chain.ts'
export { combineCheckers, type CombineOptions } from './combine-checkers.ts'
export { crlChecker, loadCrlChecker, type CrlChecker, type CrlCheckerOptions, type CrlInput } from './crl-checker.ts'
export { crlIssuersToKeep, describeCrlLoss, type CrlLossOptions } from './crl-loss.ts'
export type { ForeignCrl } from './crl-reader.ts'
export type { CrlEntry, CrlIndex } from './crl-index.ts'
export type { CrlScope } from './crl-scope.ts'
export {
  MTLS_ERR_CRL_INVALID,
  MTLS_ERR_CRL_UNAVAILABLE,
  MTLS_ERR_OCSP_INVALID,
  MTLS_ERR_OCSP_UNAVAILABLE,
  MTLS_ERR_REVOCATION_OPTION,
  type CrlInvalidReason,
  type CrlUnavailableReason,
  type OcspInvalidReason,
  type OcspUnavailableReason,
  type ReasonedError
} from './errors.ts'
export {
  loadCrl,
  loadCrls,
  MAX_CRL_BYTES,
  parseCrl,
  parseCrls,
  SYNC_CRL_BYTES,
  type LoadCrlOptions,
  type ParseCrlOptions
} from './parse-crl.ts'
export { checkRevocationPolicy } from './revocation-policy.ts'
export type { RevocationMode, RevocationPolicy } from './revocation-policy.ts'
export type {
  RevocationChecker, RevocationSource, RevocationStatus, UnknownCause, UnknownStatus
} from './revocation-status.ts'
export type { CertificateUrlOptions } from './allowed-urls.ts'
export { ocspChecker, type OcspChecker, type OcspCheckerOptions } from './ocsp-checker.ts'
export type { CertIdHash } from './ocsp-certid.ts'
export type { OcspQuestionOptions } from './ocsp-options.ts'
export { verifyOcspResponse, type OcspFreshness, type VerifiedOcsp, type VerifyOcspOptions } from './ocsp-verify.ts'
export type { OcspSigner } from './ocsp-signer.ts'
export { crlUrlChecker, type CrlUrlChecker, type CrlUrlCheckerOptions } from './crl-url-checker.ts'
export { createOcspStapler, type OcspStapler, type OcspStaplerOptions } from './ocsp-stapler.ts'
