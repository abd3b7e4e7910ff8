/**
 * Rule sets as data, which a worker makes and the main thread asks. For the packages of this suite: do not import it,
 * it may change in any release.
 *
 * @packageDocumentation
 * @internal
 */
export { compileWith } from './compile-groups.ts'
export { compileAny } from './compile-rules.ts'
export { ChangedRules } from './packed/changed-rules.ts'
export { compareRuleSets, findPosition } from './packed/compare-rule-sets.ts'
export type { ChangedEntries, MovedEntries, RuleSetsComparison } from './packed/compare-rule-sets.ts'
export { OpenedRuleSets, PackedRuleSet } from './packed/opened-rule-sets.ts'
export { packRuleSets } from './packed/pack-rule-sets.ts'
export type { PackRuleSetsInput, PackedRuleSets } from './packed/pack-rule-sets.ts'
