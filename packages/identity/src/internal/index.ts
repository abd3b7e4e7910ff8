import '../supported-node.ts'
/**
 * Code that the packages of this suite share. Do not import it: it may change in any release.
 *
 * @packageDocumentation
 * @internal
 */
export { ClientError, CodedError, OptionError, answerWith, type ErrorAnswer } from './errors.ts'
export { derOf } from '../identity.ts'
export { BoundedGroups, type CacheEntry } from './bounded-groups.ts'
export { describeContent, removeByteOrderMarks } from '../pem.ts'
export { hasHostBits } from '../x509/ip-address.ts'
export { nameWeakSignature } from '../x509/weak-signatures.ts'
export {
  KNOWN_FASTIFY, isWithin, listAround, listHooks, readSymbol, type HookLists
} from './fastify-internals.ts'
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
  AUTHORITIES, BEFORE_RULES, CLOCK, GUARD_UPGRADES, IDENTIFIES, IS_PREFLIGHT, IS_PUBLIC, REQUIRES_CERTIFICATE, addToApp,
  hasRules, type DecorableApp
} from './plugins.ts'
export { FileUnreadableError, readBounded, type ReadLimits, type UnreadableReason } from './read-bounded.ts'
export { explainedChains, overruledChains, type RefusedChains } from './refused-chains.ts'
export { dropRequestLog, holdRequestLog, releaseRequestLog } from './request-log.ts'
export {
  forgiveRefusedChain, readLeaf, readRefusedChain, readSentChain, readVerifyCode, watchServerCertificate, type SentChain
} from './sent-chain.ts'
export {
  announceSourceEnd, closeSource, credentialSource, revocationChecker, source, whenSourceCloses
} from './sources.ts'
export { messageOf, stackOf } from './thrown.ts'
export {
  clip, clipAll, describeSecret, describeUrl, describeValue, iso, listWords, networkOf, withoutQuery
} from './text.ts'
export {
  ASK_AGAIN_AFTER, LONGEST_TIMER, REFUSED_FOR, WakeAt, scheduleTimer, withTimeout, type Schedule, type TimeLimit,
  type WakeAtOptions, type Work
} from './timers.ts'
export {
  UpgradedSockets, closeUpgrade, upgradedSocketsOf, type AddedCheck, type SocketCheck
} from './upgraded-sockets.ts'
export { weighIdentity } from './weigh-identity.ts'
export { isDeepYaml } from './yaml-depth.ts'
