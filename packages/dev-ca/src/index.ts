export { createDevCa } from './create-dev-ca.ts'
export type { DevCa } from './create-dev-ca.ts'
export { MTLS_ERR_DEV_CA_OPTION } from './errors.ts'
export type {
  CaOptions, ExtensionOption, IssueOptions, IssuedCertificate, KeyType, NameAttributeOption, NameOption, StringEncoding,
  ValidityOptions
} from './options.ts'
export type { RevocationTarget } from './revocation-target.ts'
export type { Crl, CrlOptions, RevocationReason, RevokeOptions } from './sign-crl.ts'
export { MTLS_ERR_DEV_CA_STATE } from './errors.ts'
export { openDevCa, storeDevCa, updateDevCa } from './open-dev-ca.ts'
export type { LockOptions } from './folder-lock.ts'
export type { StoredDevCa } from './open-dev-ca.ts'
export { storeCertificate } from './store-certificate.ts'
export { storeCrl } from './store-crl.ts'
