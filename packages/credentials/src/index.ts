export type { Clock } from './clock.ts'
export type {
  CredentialChange, CredentialSnapshot, CredentialSource, TrustChange, TrustSnapshot, TrustSource
} from './credential-snapshot.ts'
export {
  MTLS_ERR_CREDENTIALS_CLOSED, MTLS_ERR_CREDENTIALS_OPTION, MTLS_ERR_CREDENTIALS_REFUSED,
  MTLS_ERR_CREDENTIALS_UNAVAILABLE
} from './errors.ts'
export type {
  CredentialsRefusedError, CredentialsReason, CredentialsUnavailableError, CredentialsUnavailableReason
} from './errors.ts'
export { fileCredentials } from './file-credentials.ts'
export type { FileCredentials, FileCredentialsOptions } from './file-credentials.ts'
export { fileTrust } from './file-trust.ts'
export type { FileTrust, FileTrustOptions } from './file-trust.ts'
export { memoryTrust } from './memory-trust.ts'
export type { GivenTrust, MemoryTrust } from './memory-trust.ts'
export type { AuthorityPaths, FilePaths, TrustPaths } from './files/file-paths.ts'
export type { CheckOptions } from './check-options.ts'
export type { AuthorityMaterial, CredentialMaterial, Pem, Secret, TrustMaterial } from './material.ts'
export { memoryCredentials } from './memory-credentials.ts'
export type { MemoryCredentials } from './memory-credentials.ts'
export { providerCredentials } from './provider-credentials.ts'
export type {
  CredentialProvider, ProvidedMaterial, ProviderCredentialsOptions, ProviderQuestion
} from './provider-credentials.ts'
export { renewingCredentials } from './renewing-credentials.ts'
export type {
  CertificateIssuer, IssueQuestion, IssuedMaterial, RenewingCredentialsOptions, RenewingKeyType
} from './renewing-credentials.ts'
export { secureContextOptions } from './secure-context-options.ts'
export type { TimedCredentials } from './timed/timed-source.ts'
export type { TimedOptions } from './timed/timed-options.ts'
export { authoritiesOf, checkersOf, listCheckers, vouchesFor } from './authority/authorities-of.ts'
export { OtherSide } from './authority/other-side.ts'
export { ListWatch } from './authority/list-watch.ts'
export type { WatchedLists } from './authority/list-watch.ts'
export { boundsOf, ruleAuthoritiesOf } from './authority/rule-authorities.ts'
export type { RuleAuthority } from './authority/rule-authorities.ts'
export type { AuthorityOptions, AuthorityUse } from './authority/authority-options.ts'
export type { SnapshotAuthority } from './authority/snapshot-authority.ts'
export type { SnapshotContextOptions } from './secure-context-options.ts'
export { blockFile } from './block/block-file.ts'
export type { BlockFileOptions } from './block/block-file.ts'
export { blockMemory } from './block/block-memory.ts'
export type { BlockMemoryOptions } from './block/block-memory.ts'
export { isBlockSource, readBlockOption } from './block/block-option.ts'
export type { BlockFunction, BlockOption } from './block/block-option.ts'
export type { BlockEntry } from './block/block-entry.ts'
export type {
  BlockChange, BlockFile, BlockListChanged, BlockListRecovered, BlockListRefused, BlockMemory, BlockSource
} from './block/block-source.ts'
export { MTLS_ERR_BLOCK_LIST_INVALID } from './block/errors.ts'
export type { BlockListInvalidError, BlockListInvalidReason } from './block/errors.ts'
