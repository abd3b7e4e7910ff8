import '../supported-node.ts'
/**
 * Code that the packages of this suite share. Do not import it: it may change in any release.
 *
 * @packageDocumentation
 * @internal
 */
export { addToApp, type DecorableApp } from './app-namespace.ts'
export { closeUpgrade } from './close-upgrade.ts'
export { ClientError } from './client-error.ts'
export { describeContent, removeByteOrderMarks } from '../describe-content.ts'
