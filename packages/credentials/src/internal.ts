/**
 * Code that the packages of this suite share. Do not import it: it may change in any release.
 *
 * @packageDocumentation
 * @internal
 */
export { awaitTrustDomains, isTrustDomain } from './authority/awaited-trust-domains.ts'
export type { AwaitedTrustDomains } from './authority/awaited-trust-domains.ts'
export { describeRuleAuthorities, readRuleAuthorities } from './authority/rule-authority-data.ts'
export type { RuleAuthorityData } from './authority/rule-authority-data.ts'
export { readSafe } from './pkcs12/read-safe.ts'
export type { SafeContents } from './pkcs12/read-safe.ts'
export { SYSTEM_CLOCK, CLOCK, backOff, holdProcessOpen } from './clock.ts'
export { CHECK_OPTIONS } from './material/material.ts'
export { ownContextOptions } from './sources/secure-context-options.ts'
export type { OwnContextOptions } from './sources/secure-context-options.ts'
export { checkPkcs11Key, describePkcs11Key } from './pkcs11/pkcs11-key.ts'
export { readPkcs11Uri } from './pkcs11/pkcs11-uri.ts'
export type { Pkcs11Uri } from './pkcs11/pkcs11-uri.ts'
export { NOT_AGAIN, usePin } from './pkcs11/use-pin.ts'
export { Slices } from './slices.ts'
export { startPushedCredentials, startPushedTrust } from './sources/pushed-source.ts'
export type { PushedMaterial, PushedOptions } from './sources/load-pushed.ts'
export type { PushedCredentials, PushedTrust } from './sources/pushed-source.ts'
