/**
 * Code that the packages of this suite share. Do not import it: it may change in any release.
 *
 * @packageDocumentation
 * @internal
 */
export { readSafe } from './pkcs12/read-safe.ts'
export type { SafeContents } from './pkcs12/read-safe.ts'
