export { createDevCa } from './create-dev-ca.ts'
export type { DevCa } from './create-dev-ca.ts'
export { MTLS_ERR_DEV_CA_OPTION } from './errors.ts'
export type {
  CaOptions, ExtensionOption, IssueOptions, IssuedCertificate, KeyType, NameAttributeOption, NameOption, StringEncoding,
  ValidityOptions
} from './options.ts'
export type { RevocationTarget } from './revocation/revocation-target.ts'
export type { Crl, CrlOptions, RevocationReason, RevokeOptions } from './revocation/sign-crl.ts'
export { MTLS_ERR_DEV_CA_STATE } from './errors.ts'
export { openDevCa, storeDevCa, updateDevCa } from './folder/open-dev-ca.ts'
export type { LockOptions } from './folder/folder-lock.ts'
export type { StoredDevCa } from './folder/open-dev-ca.ts'
export { storeCertificate } from './folder/files.ts'
export { storeCrl } from './folder/files.ts'
