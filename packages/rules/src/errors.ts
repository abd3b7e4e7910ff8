import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/** A rule set, a rule, a group or an option of `compileRules` is wrong. Carries `reason`, `path`, `found` and `expected`, see {@link RuleInvalidError}. */
export const MTLS_ERR_RULE_INVALID: FastifyErrorConstructor<{ code: 'MTLS_ERR_RULE_INVALID' }, [string]> =
  createError('MTLS_ERR_RULE_INVALID', 'Invalid rule: %s', 500)

/** A predicate answered neither `true` nor `false`. Never thrown: it is the `error` of a verdict whose reason is `predicate_failed`. */
export const MTLS_ERR_PREDICATE_RESULT: FastifyErrorConstructor<{ code: 'MTLS_ERR_PREDICATE_RESULT' }, [string]> =
  createError('MTLS_ERR_PREDICATE_RESULT', 'A predicate must answer true or false: %s', 500)
