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
export { AUTHORITIES, BEFORE_RULES, IDENTIFIES, IS_PREFLIGHT, IS_PUBLIC } from './plugin-symbols.ts'
export { dropRequestLog, holdRequestLog, releaseRequestLog } from './request-log.ts'
export { clip, clipAll, iso, networkOf } from './text.ts'
export { UpgradedSockets, upgradedSocketsOf, type AddedCheck, type SocketCheck } from './upgraded-sockets.ts'
