import { Matcher } from './match/matcher.ts'
import { listClauses } from './match/nested-conditions.ts'
import type { CollectedSet } from './rule-collector.ts'

/** A checked group. */
export class GroupDefinition {
  readonly name: string
  readonly set: CollectedSet
  #matcher: Matcher | undefined

  constructor (name: string, set: CollectedSet) {
    this.name = name
    this.set = set
  }

  /** The group's own rules that are not packed, without those of its members. */
  get matcher (): Matcher {
    this.#matcher ??= new Matcher(this.set.rules.flatMap(({ rule }) => listClauses(rule, 0)))
    return this.#matcher
  }
}
