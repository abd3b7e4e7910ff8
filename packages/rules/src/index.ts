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
export { PredicateResultError, RuleInvalidError } from './errors.ts'
export type { RuleAuthority } from './rule-authority.ts'
export type { RuleFault, RuleInvalidReason } from './errors.ts'
