import { listClauses } from './list-clauses.ts'
import { Matcher } from './matcher.ts'
import type { ParsedEntry, ParsedRule } from './parsed-rule.ts'
import type { RulePath } from './rule-path.ts'

/** A group with at least this many values has one index for all rule sets. A smaller one is copied into each index. */
const SHARED_FROM = 1024

/** A checked group. */
export class GroupDefinition {
  readonly name: string
  readonly path: RulePath
  readonly rules: readonly ParsedRule[]
  readonly members: readonly (ParsedEntry & { kind: 'group' })[]
  readonly predicates: readonly (ParsedEntry & { kind: 'predicate' })[]
  readonly isShared: boolean
  #matcher: Matcher | undefined

  constructor (name: string, path: RulePath, entries: readonly ParsedEntry[]) {
    this.name = name
    this.path = path
    this.rules = entries.flatMap((entry) => entry.kind === 'rule' ? [entry.rule] : [])
    this.members = entries.filter((entry) => entry.kind === 'group')
    this.predicates = entries.filter((entry) => entry.kind === 'predicate')
    this.isShared = this.rules.reduce((sum, rule) => sum + sizeOf(rule), 0) >= SHARED_FROM
  }

  /** The group's own rules, without those of its members. */
  get matcher (): Matcher {
    this.#matcher ??= new Matcher(this.rules.flatMap((rule) => listClauses(rule, 0)))
    return this.#matcher
  }
}

/** The number of values of the longest key. */
function sizeOf ({ keys }: ParsedRule): number {
  return keys.reduce((most, { values }) => Math.max(most, values.length), 1)
}
