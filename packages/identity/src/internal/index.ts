import '../supported-node.ts'
/**
 * Code that the packages of this suite share. Do not import it: it may change in any release.
 *
 * @packageDocumentation
 * @internal
 */
export { addToApp, type DecorableApp } from './app-namespace.ts'
export { closeUpgrade } from './close-upgrade.ts'
export { ClientError, CodedError, OptionError } from './errors.ts'
export { describeContent, removeByteOrderMarks } from '../describe-content.ts'
export { isThenable, whenAllSettled, whenAnswered, whenSettled, type MaybeAsync } from './maybe-async.ts'
export {
  AUTHORITIES, BEFORE_RULES, GUARD_UPGRADES, IDENTIFIES, IS_PREFLIGHT, IS_PUBLIC, REQUIRES_CERTIFICATE
} from './plugin-symbols.ts'
export { dropRequestLog, holdRequestLog, releaseRequestLog } from './request-log.ts'
export { announceSourceEnd, closeSource, whenSourceCloses } from './source-end.ts'
export { clip, clipAll, iso, networkOf } from './text.ts'
export { UpgradedSockets, upgradedSocketsOf, type AddedCheck, type SocketCheck } from './upgraded-sockets.ts'
export {
  ASK_AGAIN_AFTER, LONGEST_TIMER, REFUSED_FOR, WakeAt, scheduleTimer, type Schedule, type WakeAtOptions
} from './wake-at.ts'
export { withTimeout, type TimeLimit, type Work } from './with-timeout.ts'
export { describeSecret, describeUrl, describeValue } from './describe-value.ts'
export { findNearest, suggestNearest, suggestNearestOf } from './nearest.ts'
export {
  checkOption, checkPlainObject, defineOptions, passedOn, refuseUnknownKeys, wrongOption, wrongValue
} from './options.ts'
export type {
  OptionErrors, OptionProblem, OptionSet, OptionSetSettings, OptionType, OptionTypes
} from './options.ts'
export {
  LONGEST_SPAN, anything, choice, clock, count, credentialSource, duration, flag, func, list, methods, number, required,
  revocationChecker, secret, source, span, text, url, valueOf
} from './option-values.ts'
