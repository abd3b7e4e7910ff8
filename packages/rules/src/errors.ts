import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/**
 * A rule set, a rule, a group or an option is invalid. The error has `reason`, `path`, `found` and `expected`, see
 * {@link RuleInvalidError}.
 */
export const MTLS_ERR_RULE_INVALID: FastifyErrorConstructor<{ code: 'MTLS_ERR_RULE_INVALID' }, [string]> =
  createError('MTLS_ERR_RULE_INVALID', 'Invalid rule: %s', 500)

/**
 * A predicate returned neither `true` nor `false`. Never thrown: it is the `error` of a verdict with the reason
 * `predicate_failed`.
 */
export const MTLS_ERR_PREDICATE_RESULT: FastifyErrorConstructor<{ code: 'MTLS_ERR_PREDICATE_RESULT' }, [string]> =
  createError('MTLS_ERR_PREDICATE_RESULT', 'A predicate must return true or false: %s', 500)
