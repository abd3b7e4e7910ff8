import '../supported-node.ts'
/**
 * What the packages of this suite share and nobody else should import: it may change in any release.
 *
 * @packageDocumentation
 * @internal
 */
export { addToApp, type DecorableApp } from './app-namespace.ts'
export { ClientError } from './client-error.ts'
