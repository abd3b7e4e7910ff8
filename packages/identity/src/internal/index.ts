import '../supported-node.ts'
/**
 * Code that the packages of this suite share. Do not import it: it may change in any release.
 *
 * @packageDocumentation
 * @internal
 */
export { ClientError, CodedError, OptionError } from './errors.ts'
export { describeContent, removeByteOrderMarks } from '../pem.ts'
export { KNOWN_FASTIFY, listHooks, readSymbol, type HookLists } from './fastify-internals.ts'
export { isThenable, whenAllSettled, whenAnswered, whenSettled, type MaybeAsync } from './maybe-async.ts'
export { findNearest, suggestNearest, suggestNearestOf } from './nearest.ts'
export {
  checkOption, checkPlainObject, defineOptions, passedOn, refuseUnknownKeys, wrongOption, wrongValue
} from './options.ts'
export type {
  OptionErrors, OptionProblem, OptionSet, OptionSetSettings, OptionType, OptionTypes
} from './options.ts'
export {
  LONGEST_SPAN, anything, choice, clock, count, duration, flag, func, list, methods, number, required, secret, span,
  text, url, valueOf
} from './option-values.ts'
export {
  AUTHORITIES, BEFORE_RULES, GUARD_UPGRADES, IDENTIFIES, IS_PREFLIGHT, IS_PUBLIC, REQUIRES_CERTIFICATE, addToApp,
  type DecorableApp
} from './plugins.ts'
export { dropRequestLog, holdRequestLog, releaseRequestLog } from './request-log.ts'
export {
  announceSourceEnd, closeSource, credentialSource, revocationChecker, source, whenSourceCloses
} from './sources.ts'
export { clip, clipAll, describeSecret, describeUrl, describeValue, iso, listWords, networkOf } from './text.ts'
export {
  ASK_AGAIN_AFTER, LONGEST_TIMER, REFUSED_FOR, WakeAt, scheduleTimer, withTimeout, type Schedule, type TimeLimit,
  type WakeAtOptions, type Work
} from './timers.ts'
export {
  UpgradedSockets, closeUpgrade, upgradedSocketsOf, type AddedCheck, type SocketCheck
} from './upgraded-sockets.ts'
