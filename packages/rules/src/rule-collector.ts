import type { Predicate } from './language/allow-rule.ts'
import type { ParsedEntry, ParsedRule } from './language/parsed-rule.ts'
import type { RulePath } from './language/rule-path.ts'
import { OWN_MEMORY } from './packed/growing-list.ts'
import { PackedSet } from './packed/packed-set.ts'
import type { PlacedRule } from './packed/packed-set.ts'
import { PackedStore } from './packed/packed-store.ts'
import { RulePacker } from './packed/rule-packer.ts'

/**
 * Sets with at least this many values together are packed. Fewer are faster as objects, and cost little. Tests set
 * another number, to ask the same of both forms.
 */
export const packing = { from: 1024 }

/** A group that an entry names. */
export interface Member {
  readonly name: string
  readonly path: RulePath
  readonly entry: number
}

/** A predicate of an entry. */
export interface PlacedPredicate {
  readonly predicate: Predicate<any>
  readonly path: RulePath
  readonly entry: number
}

/** The checked entries of a rule set by kind, each with its position. */
export interface CollectedSet {
  readonly path: RulePath
  /** The rules; empty if they are packed. */
  readonly rules: readonly PlacedRule[]
  readonly packed: PackedSet | undefined
  readonly members: readonly Member[]
  readonly predicates: readonly PlacedPredicate[]
}

interface OpenSet {
  readonly path: RulePath
  readonly rules: PlacedRule[]
  readonly members: Member[]
  readonly predicates: PlacedPredicate[]
  readonly alone: boolean
  /** Its number in the store. */
  number: number
}

/** Takes the entries of sets, one by one. Packs the rules of all sets once they have many values together. */
export class RuleCollector {
  readonly #now: () => number
  readonly #packFrom: number
  readonly #sets: OpenSet[] = []
  #values = 0
  #packer: RulePacker | undefined

  /** @param packFrom number of values from which rules are packed */
  constructor (now: () => number, packFrom: number) {
    this.#now = now
    this.#packFrom = packFrom
  }

  /** @param alone whether the set is one entry, and no array */
  begin (path: RulePath, alone: boolean): void {
    const number = this.#packer?.beginSet() ?? -1
    this.#sets.push({ path, rules: [], members: [], predicates: [], alone, number })
  }

  take (entry: ParsedEntry, position: number): void {
    const set = this.#sets.at(-1) as OpenSet
    if (entry.kind === 'group') set.members.push({ name: entry.name, path: entry.path, entry: position })
    else if (entry.kind === 'predicate') {
      set.predicates.push({ predicate: entry.predicate, path: entry.path, entry: position })
    } else this.#takeRule(set, entry.rule, position)
  }

  end (): readonly CollectedSet[] {
    const packer = this.#packer
    const store = packer && new PackedStore(packer.seal(OWN_MEMORY))
    return this.#sets.map(({ path, rules, members, predicates, number }) => {
      const packed = store === undefined ? undefined : new PackedSet(store, number, path)
      return { path, rules, packed: packed?.size === 0 ? undefined : packed, members, predicates }
    })
  }

  #takeRule (set: OpenSet, rule: ParsedRule, entry: number): void {
    if (this.#packer !== undefined) {
      this.#packer.add(rule, set.alone ? undefined : entry)
      return
    }
    set.rules.push({ rule, entry })
    this.#values += sizeOf(rule)
    if (this.#values >= this.#packFrom) this.#packAll()
  }

  #packAll (): void {
    const packer = this.#packer = new RulePacker(this.#now())
    for (const set of this.#sets) {
      set.number = packer.beginSet()
      for (const { rule, entry } of set.rules) packer.add(rule, set.alone ? undefined : entry)
      set.rules.length = 0
    }
  }
}

/** The number of values of a rule and of those in it. */
function sizeOf ({ keys }: ParsedRule): number {
  return keys.reduce((sum, { values, rules = [] }) => {
    return sum + values.length + rules.reduce((inner, rule) => inner + sizeOf(rule), 0)
  }, 0)
}
