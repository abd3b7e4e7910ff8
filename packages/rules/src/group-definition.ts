import { listClauses } from './list-clauses.ts'
import { Matcher } from './matcher.ts'
import type { ParsedEntry, ParsedRule } from './parsed-rule.ts'
import type { RulePath } from './rule-path.ts'

/** From this many values on a group's own rules are indexed once, for all rule sets that name it. Smaller ones are copied into each set's index. */
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
    this.isShared = this.rules.reduce((sum, { keys }) => sum + keys.reduce((most, { values }) => Math.max(most, values.length), 1), 0) >= SHARED_FROM
  }

  /** The group's own rules, without those of its members. */
  get matcher (): Matcher {
    this.#matcher ??= new Matcher(this.rules.flatMap((rule) => listClauses(rule, 0)))
    return this.#matcher
  }
}
