export { createDevCa } from './create-dev-ca.ts'
export type { DevCa } from './create-dev-ca.ts'
export { DevCaOptionError, DevCaStateError } from './errors.ts'
export { storeCertificate, storeCrl } from './folder/files.ts'
export type { LockOptions } from './folder/folder-lock.ts'
export { openDevCa, storeDevCa, updateDevCa } from './folder/open-dev-ca.ts'
export type { StoredDevCa } from './folder/open-dev-ca.ts'
export type {
  AdmissionOption, CaOptions, CrlOptions, ExtensionOption, IssueOptions, IssuedCertificate, KeyType,
  NameAttributeOption, NameOption, OtherNameOption, QualifiedOption, RevocationReason, RevokeOptions, StringEncoding,
  ValidityOptions, ValueOption
} from './options.ts'
export type { RevocationTarget } from './revocation/revocation-target.ts'
export type { Crl } from './revocation/sign-crl.ts'
