export { compileRules, explain } from './compile-rules.ts'
export type { CompileRulesOptions } from './compile-rules.ts'
export { CompiledGroups, compileGroups } from './compile-groups.ts'
export type { CompileGroupsOptions } from './compile-groups.ts'
export type {
  AdmissionRule, AllowRule, AttributeName, ExtensionRule, GatewayRule, Groups, NameAttributes, NameRule, OneOrMore,
  OrganizationIdentifierRule, OtherNameRule, PaymentRole, Predicate, QualifiedRule, QualifiedType, RuleEntry, RuleSet,
  ValueRule
} from './language/allow-rule.ts'
export { listPeerValues } from './explain/peer-values.ts'
export type { ListedKey } from './explain/peer-values.ts'
export type { RuleAuthority } from './lint/rule-authority.ts'
export type { Authorizer } from './authorizer.ts'
export type {
  Allowed, AuthorizationReason, Explanation, FailedKey, Refused, RuleExplanation, Verdict
} from './verdict.ts'
export { PredicateResultError, RuleInvalidError } from './errors.ts'
export type { RuleFault, RuleInvalidReason } from './errors.ts'
