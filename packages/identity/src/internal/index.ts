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
export { describeSecret, describeUrl, describeValue } from './describe-value.ts'
export { findNearest, suggestNearest, suggestNearestOf } from './nearest.ts'
export { checkOption, checkPlainObject, defineOptions, passedOn, refuseUnknownKeys, wrongOption, wrongValue } from './options.ts'
export type {
  OptionErrors, OptionProblem, OptionSet, OptionSetSettings, OptionType, OptionTypes
} from './options.ts'
export {
  LONGEST_SPAN, LONGEST_TIMER, anything, choice, clock, count, credentialSource, duration, flag, func, list, methods,
  number, required, revocationChecker, secret, source, span, text, url, valueOf
} from './option-values.ts'
