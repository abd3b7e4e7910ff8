export {
  CrlInvalidError, CrlUnavailableError, OcspInvalidError, OcspUnavailableError, RevocationOptionError,
  type CrlInvalidReason, type CrlUnavailableReason, type OcspInvalidReason, type OcspUnavailableReason
} from './errors.ts'
export type { CertificateUrlOptions } from './fetch/allowed-urls.ts'

export { checkChain, type ChainStatus, type CheckChainOptions } from './policy/check-chain.ts'
export { combineCheckers, type CombineOptions } from './policy/combine-checkers.ts'
export { checkRevocationPolicy, type RevocationMode, type RevocationPolicy } from './policy/revocation-policy.ts'
export type {
  RevocationChecker, RevocationSource, RevocationStatus, UnknownCause, UnknownStatus
} from './policy/revocation-status.ts'

export { crlChecker, loadCrlChecker, type CrlChecker, type CrlCheckerOptions } from './crl/crl-checker.ts'
export type { CrlEntry, CrlIndex } from './crl/crl-index.ts'
export type { CrlInput } from './crl/crl-inputs.ts'
export { crlIssuersToKeep, describeCrlLoss, type CrlLossOptions } from './crl/crl-loss.ts'
export type { ForeignCrl, ParseCrlOptions } from './crl/crl-reader.ts'
export type { CrlScope } from './crl/crl-scope.ts'
export { crlUrlChecker, type CrlUrlChecker, type CrlUrlCheckerOptions } from './crl/crl-url-checker.ts'
export {
  loadCrl, loadCrls, MAX_CRL_BYTES, parseCrl, parseCrls, SYNC_CRL_BYTES, type LoadCrlOptions
} from './crl/parse-crl.ts'

export { ocspChecker, type OcspChecker, type OcspCheckerOptions } from './ocsp/ocsp-checker.ts'
export type { OcspQuestionOptions } from './ocsp/ocsp-client.ts'
export type { CertIdHash } from './ocsp/ocsp-request.ts'
export type { OcspSigner } from './ocsp/ocsp-signer.ts'
export { createOcspStapler, type OcspStapler, type OcspStaplerOptions } from './ocsp/ocsp-stapler.ts'
export {
  verifyOcspResponse, type OcspFreshness, type VerifiedOcsp, type VerifyOcspOptions
} from './ocsp/ocsp-verify.ts'
