import { CodedError } from '@peerkit/identity/internal'

/**
 * Why a rule was refused.
 *
 * - `unknown_key`: an unknown key; the message suggests the nearest one.
 * - `wrong_type`: a value of the wrong type, also `undefined` and holes in arrays.
 * - `empty`: an empty rule set, rule, array or string, which would allow everyone or no one by mistake.
 * - `duplicate_key`: a key and its short form, or two names of one attribute.
 * - `unknown_group`, `group_cycle`: a group that is not declared, or one that contains itself.
 * - `unknown_authority`: an authority that is not among the option `authorities`.
 * - `invalid_value`: a value that is malformed for its key (address, name, fingerprint, OID).
 * - `never_matches`: a value that no certificate can have, or that no authority vouches for. The rule would allow no
 *   one.
 * - `issuer_missing`: a serial number without `issuer`. Every CA has its own serial numbers.
 * - `no_request`: a value of the request in rules that are asked without one.
 * - `too_deep`: rules nested more than 16 levels deep.
 */
export type RuleInvalidReason =
  | 'unknown_key' | 'wrong_type' | 'empty' | 'duplicate_key' | 'unknown_group' | 'group_cycle' | 'invalid_value'
  | 'never_matches' | 'issuer_missing' | 'too_deep' | 'unknown_authority' | 'no_request'

/** What is wrong with a rule, and where. */
export interface RuleFault {
  readonly reason: RuleInvalidReason
  /** The path of the value, for example `config.allowedClients[1].spiffe[0]`. */
  readonly path: string
  /** The value at that path, shortened. */
  readonly found: string
  /** What is allowed there. */
  readonly expected: string
}

/**
 * A rule set, a rule, a group or an option is invalid.
 *
 * @example
 * ```ts
 * try {
 *   compileRules([{ cn: 'web' }, { dns: '*' }])
 * } catch (error) {
 *   if (error instanceof RuleInvalidError) console.log(error.path, error.reason) // rules[1].dns never_matches
 * }
 * ```
 */
export class RuleInvalidError extends CodedError implements RuleFault {
  static readonly code = 'MTLS_ERR_RULE_INVALID'
  override readonly code = 'MTLS_ERR_RULE_INVALID'
  readonly reason: RuleInvalidReason
  /** The path of the value, for example `config.allowedClients[1].spiffe[0]`. */
  readonly path: string
  /** The value at that path, shortened. */
  readonly found: string
  /** What is allowed there. */
  readonly expected: string

  constructor (detail: string, { reason, path, found, expected }: RuleFault) {
    super(`Invalid rule: ${detail}`)
    this.reason = reason
    this.path = path
    this.found = found
    this.expected = expected
  }
}

/**
 * A predicate returned neither `true` nor `false`. Never thrown: it is the `error` of a verdict with the reason
 * `predicate_failed`.
 *
 * @example
 * ```ts
 * const verdict = await compileRules((() => 'yes') as never).authorize(peer)
 * if (!verdict.allowed && verdict.error instanceof PredicateResultError) console.log(verdict.error.path) // rules
 * ```
 */
export class PredicateResultError extends CodedError {
  static readonly code = 'MTLS_ERR_PREDICATE_RESULT'
  override readonly code = 'MTLS_ERR_PREDICATE_RESULT'
  /** Where the predicate is in the rule set. */
  readonly path: string

  constructor (path: string, answer: unknown) {
    super(`A predicate must return true or false: ${path} returned ${answer === null ? 'null' : typeof answer}`)
    this.path = path
  }
}
