import { GroupDefinition } from '../group-definition.ts'
import { RulePath } from '../language/rule-path.ts'
import type { CollectedSet } from '../rule-collector.ts'
import type { PackedRuleSets } from './pack-rule-sets.ts'
import { readNames } from './packed-names.ts'
import { PackedSet } from './packed-set.ts'
import { PackedStore } from './packed-store.ts'

/** A rule set that is packed. `compileRules` takes it as rules. */
export class PackedRuleSet {
  readonly set: CollectedSet

  constructor (set: CollectedSet) {
    this.set = set
  }
}

/** Packed groups and rule sets, ready to be asked. Objects are made when they are needed, and not for every group. */
export class OpenedRuleSets {
  readonly data: PackedRuleSets
  readonly store: PackedStore
  /** The names of the groups. */
  readonly names: readonly string[]
  readonly #groups: ReadonlyMap<string, number>
  readonly #known = new Map<string, GroupDefinition>()

  constructor (data: PackedRuleSets) {
    this.data = data
    this.store = new PackedStore(data.tables)
    this.names = readNames(data.groups)
    const groups = new Map<string, number>()
    for (const [number, name] of this.names.entries()) groups.set(name, number)
    this.#groups = groups
  }

  has (name: string): boolean { return this.#groups.has(name) }

  group (name: string): GroupDefinition | undefined {
    const number = this.#groups.get(name)
    if (number === undefined) return undefined
    let definition = this.#known.get(name)
    if (definition === undefined) {
      definition = new GroupDefinition(name, this.#collect(number, new RulePath(this.data.groupsPath).at(name)))
      this.#known.set(name, definition)
    }
    return definition
  }

  /** The groups that name other groups. */
  groupsWithMembers (): readonly GroupDefinition[] {
    const { names } = this
    return [...this.data.members.keys()].filter((number) => number < names.length)
      .map((number) => this.group(names[number] as string) as GroupDefinition)
  }

  /** The sets of the groups that depend on a request or on the time. */
  dependentSets (): readonly PackedSet[] {
    const { requestValues, periods } = this.store.tables
    const path = new RulePath(this.data.groupsPath)
    const numbers = new Set([...requestValues.keys(), ...Array.from(periods.rules, (rule) => this.store.setOf(rule))])
    return [...numbers].filter((number) => number < this.names.length).sort((a, b) => a - b)
      .map((number) => new PackedSet(this.store, number, path.at(this.names[number] as string)))
  }

  /** The rule set with a path; undefined if there is none. */
  ruleSet (path: string): PackedRuleSet | undefined {
    const index = this.data.sets.indexOf(path)
    return index === -1 ? undefined : new PackedRuleSet(this.#collect(this.names.length + index, new RulePath(path)))
  }

  #collect (number: number, path: RulePath): CollectedSet {
    const packed = new PackedSet(this.store, number, path)
    const members = (this.data.members.get(number) ?? []).map(({ name, entry }) => {
      return { name, path: entry === undefined ? path : path.at(entry), entry: entry ?? 0 }
    })
    return { path, rules: [], packed: packed.size === 0 ? undefined : packed, members, predicates: [] }
  }
}
