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
export { isThenable, whenAllSettled, whenAnswered, whenSettled, type MaybeAsync } from './maybe-async.ts'
export { AUTHORITIES, GUARD_UPGRADES, IDENTIFIES, IS_PUBLIC, REQUIRES_CERTIFICATE } from './plugin-symbols.ts'
export { clip, clipAll, iso, networkOf } from './text.ts'
export { UpgradedSockets, upgradedSocketsOf, type AddedCheck, type SocketCheck } from './upgraded-sockets.ts'
export {
  ASK_AGAIN_AFTER, LONGEST_TIMER, REFUSED_FOR, WakeAt, scheduleTimer, type Schedule, type WakeAtOptions
} from './wake-at.ts'
export { withTimeout, type TimeLimit, type Work } from './with-timeout.ts'
