import type { ParsedRule } from '../language/parsed-rule.ts'
import type { RequestUse } from '../language/request-value.ts'
import type { RulePath } from '../language/rule-path.ts'
import type { TemporaryRule } from '../language/rule-period.ts'
import type { PackedStore } from './packed-store.ts'
import { lowerBound } from './clause-index.ts'
import { ALONE } from './packed-tables.ts'
import type { SetWarnings } from './packed-tables.ts'

/** A rule with its position among the entries of its set. */
export interface PlacedRule {
  readonly rule: ParsedRule
  readonly entry: number
}

/** The rules of one group or rule set in a store. */
export class PackedSet {
  readonly store: PackedStore
  readonly number: number
  readonly path: RulePath
  readonly #first: number
  readonly #end: number

  constructor (store: PackedStore, number: number, path: RulePath) {
    this.store = store
    this.number = number
    this.path = path
    const { setStarts } = store.tables
    this.#first = setStarts[number] as number
    this.#end = setStarts[number + 1] as number
  }

  get size (): number { return this.#end - this.#first }

  get warnings (): SetWarnings {
    const { warnings, moreWarnings: { sets, counts } } = this.store.tables
    const at = lowerBound(sets, this.number)
    return { texts: warnings.get(this.number) ?? [], more: sets[at] === this.number ? counts[at] as number : 0 }
  }

  get requestValues (): readonly RequestUse[] { return this.store.tables.requestValues.get(this.number) ?? [] }

  /** Reads the rules again, one by one. */
  * rules (): Generator<PlacedRule, void, undefined> {
    for (let rule = this.#first; rule < this.#end; rule++) {
      yield { rule: this.store.readRule(rule, this.path), entry: this.store.entryOf(rule) }
    }
  }

  /** The rules of the set, by their numbers. */
  get range (): readonly [number, number] { return [this.#first, this.#end] }

  /** The rules that hold for a time. */
  temporary (): readonly TemporaryRule[] {
    const { periods, entries } = this.store.tables
    return this.#periods().map((at) => {
      const rule = periods.rules[at] as number
      const path = entries[rule] === ALONE ? this.path : this.path.at(this.store.entryOf(rule))
      return Object.freeze({
        path: path.toString(), from: periods.from[at] as number, until: periods.until[at] as number
      })
    })
  }

  /** The moments at which a rule begins or ends. */
  moments (): readonly number[] {
    const { periods, setStarts } = this.store.tables
    if (setStarts.length === 2) return [...periods.moments]
    return this.#periods().flatMap((at) => [periods.from[at] as number, periods.until[at] as number])
  }

  /** The positions of the set's periods: they ascend by rule. */
  #periods (): readonly number[] {
    const { rules } = this.store.tables.periods
    const found: number[] = []
    for (let at = lowerBound(rules, this.#first); at < rules.length && (rules[at] as number) < this.#end; at++) {
      found.push(at)
    }
    return found
  }
}
