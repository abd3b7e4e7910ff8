export { compileRules, explain } from './compile-rules.ts'
export type { CompileRulesOptions } from './compile-rules.ts'
export { CompiledGroups, compileGroups } from './compile-groups.ts'
export type { CompileGroupsOptions } from './compile-groups.ts'
export { createGroupMatcher } from './group-matcher.ts'
export type { GroupMatcher, GroupMatcherOptions } from './group-matcher.ts'
export type {
  AdmissionRule, AllowRule, AttributeName, ExtensionRule, GatewayRule, Groups, NameAttributes, NameRule, OneOrMore,
  OrganizationIdentifierRule, OtherNameRule, PaymentRole, PeerRule, Predicate, QualifiedRule, QualifiedType,
  RequestValue, RuleEntry, RuleSet, Value, ValueRule
} from './language/allow-rule.ts'
export type { ReadRequestValue, RequestSource, RequestUse } from './language/request-value.ts'
export type { Period, TemporaryRule } from './language/rule-period.ts'
export { listPeerValues } from './explain/peer-values.ts'
export type { ListedKey } from './explain/peer-values.ts'
export { lintRules } from './lint/lint-rules.ts'
export type { LintFinding, LintKind } from './lint/lint-finding.ts'
export type { LintOptions, NamedRules } from './lint/lint-rules.ts'
export type { WarningKind } from './lint/warnings.ts'
export type { RuleAuthority } from './lint/rule-authority.ts'
export type { Authorizer } from './authorizer.ts'
export type {
  Allowed, AuthorizationReason, Explanation, FailedKey, Refused, RequestFinding, RuleExplanation, Verdict
} from './verdict.ts'
export { PredicateResultError, RuleInvalidError } from './errors.ts'
export type { RuleFault, RuleInvalidReason } from './errors.ts'
