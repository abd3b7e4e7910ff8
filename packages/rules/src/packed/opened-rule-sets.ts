import { GroupDefinition } from '../group-definition.ts'
import { RulePath } from '../language/rule-path.ts'
import type { CollectedSet } from '../rule-collector.ts'
import type { PackedRuleSets } from './pack-rule-sets.ts'
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
  readonly #groups: ReadonlyMap<string, number>
  readonly #known = new Map<string, GroupDefinition>()

  constructor (data: PackedRuleSets) {
    this.data = data
    this.store = new PackedStore(data.tables)
    this.#groups = new Map(data.groups.map((name, number) => [name, number]))
  }

  /** The names of the groups. */
  get names (): readonly string[] { return this.data.groups }

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
    const { groups, members } = this.data
    return [...members.keys()].filter((number) => number < groups.length)
      .map((number) => this.group(groups[number] as string) as GroupDefinition)
  }

  /** The sets of the groups, one by one. */
  groupSets (): readonly PackedSet[] {
    const path = new RulePath(this.data.groupsPath)
    return this.data.groups.map((name, number) => new PackedSet(this.store, number, path.at(name)))
  }

  /** The rule set with a path; undefined if there is none. */
  ruleSet (path: string): PackedRuleSet | undefined {
    const { sets, groups } = this.data
    const index = sets.indexOf(path)
    return index === -1 ? undefined : new PackedRuleSet(this.#collect(groups.length + index, new RulePath(path)))
  }

  #collect (number: number, path: RulePath): CollectedSet {
    const packed = new PackedSet(this.store, number, path)
    const members = (this.data.members.get(number) ?? []).map(({ name, entry }) => {
      return { name, path: entry === undefined ? path : path.at(entry), entry: entry ?? 0 }
    })
    return { path, rules: [], packed: packed.size === 0 ? undefined : packed, members, predicates: [] }
  }
}
