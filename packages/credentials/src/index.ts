export type {
  AuthorityMaterial, CheckOptions, CredentialMaterial, Pem, Secret, TrustMaterial
} from './material/material.ts'
export type {
  CredentialChange, CredentialSnapshot, CredentialSource, SnapshotAuthority, TrustChange, TrustSnapshot, TrustSource
} from './sources/credential-snapshot.ts'
export type { BundleStatus, RenewalStatus, SourceStatus, StoreStatus } from './sources/source-status.ts'
export { fileCredentials, fileTrust } from './sources/file-sources.ts'
export type {
  FileCredentials, FileCredentialsOptions, FileTrust, FileTrustOptions
} from './sources/file-sources.ts'
export type { AuthorityPaths, FilePaths, TrustPaths } from './files/file-paths.ts'
export { memoryCredentials, memoryTrust } from './sources/memory-sources.ts'
export type { GivenTrust, MemoryCredentials, MemoryTrust } from './sources/memory-sources.ts'
export { providerCredentials } from './sources/provider-credentials.ts'
export type {
  CredentialProvider, ProvidedMaterial, ProviderCredentialsOptions, ProviderQuestion
} from './sources/provider-credentials.ts'
export { renewingCredentials } from './sources/renewing-credentials.ts'
export type {
  CertificateIssuer, IssueQuestion, IssuedMaterial, IssuedTrust, RenewingCredentialsOptions, RenewingKeyType,
  TrustQuestion
} from './sources/renewing-credentials.ts'
export type { TimedOptions } from './sources/timed-plan.ts'
export type { TimedCredentials } from './sources/timed-source.ts'
export { fileStore } from './store/file-store.ts'
export type { FileStoreOptions } from './store/file-store.ts'
export type { CertificateStore, StoreQuestion } from './store/certificate-store.ts'
export { secureContextOptions } from './sources/secure-context-options.ts'
export type { SnapshotContextOptions } from './sources/secure-context-options.ts'
export {
  authoritiesOf, boundsOf, checkersOf, listCheckers, ruleAuthoritiesOf, vouchesFor
} from './authority/authorities-of.ts'
export type { RuleAuthority } from './authority/rule-authority.ts'
export type { AuthorityOptions, AuthorityUse } from './authority/authority-options.ts'
export { ListWatch } from './authority/list-watch.ts'
export type { WatchedLists } from './authority/list-watch.ts'
export { OtherSide } from './authority/other-side.ts'
export { blockFile } from './block/block-file.ts'
export type { BlockFileOptions } from './block/block-file.ts'
export { blockMemory } from './block/block-memory.ts'
export type { BlockMemoryOptions } from './block/block-memory.ts'
export { isBlockSource, readBlockOption } from './block/block-option.ts'
export type { BlockFunction, BlockOption } from './block/block-option.ts'
export type {
  BlockChange, BlockEntry, BlockFile, BlockListChanged, BlockListRecovered, BlockListRefused, BlockMemory, BlockSource
} from './block/block-source.ts'
export type { OpaqueKey } from './pkcs11/opaque-key.ts'
export { openPkcs11Key } from './pkcs11/open-key.ts'
export type { OpenPkcs11KeyOptions } from './pkcs11/open-key.ts'
export type { SigningAlgorithm, SigningKey } from './pkcs11/signing-key.ts'
export type { PinQuestion, Pkcs11Key } from './pkcs11/pkcs11-key.ts'
export type { Clock } from './clock.ts'
export {
  BlockListInvalidError, CredentialsClosedError, CredentialsOptionError, CredentialsRefusedError,
  CredentialsUnavailableError
} from './errors.ts'
export type { BlockListInvalidReason, CredentialsReason, CredentialsUnavailableReason } from './errors.ts'
