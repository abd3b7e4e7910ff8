export { compileRules } from './compile-rules.ts'
export type { CompileRulesOptions } from './compile-rules.ts'
export { CompiledGroups, compileGroups } from './compile-groups.ts'
export type { CompileGroupsOptions } from './compile-groups.ts'
export { explain } from './explain.ts'
export type {
  AllowRule, AttributeName, GatewayRule, Groups, NameAttributes, NameRule, OneOrMore, Predicate, RuleEntry, RuleSet
} from './allow-rule.ts'
export type { Authorizer } from './authorizer.ts'
export type { Allowed, AuthorizationReason, Refused, Verdict } from './verdict.ts'
export type { Explanation, FailedKey, RuleExplanation } from './explanation.ts'
export { MTLS_ERR_PREDICATE_RESULT, MTLS_ERR_RULE_INVALID } from './errors.ts'
export type { RuleAuthority } from './rule-authority.ts'
export type { RuleInvalidError, RuleInvalidReason } from './refuse-rule.ts'
