import { readRule } from '../language/read-rule.ts'
import { RulePath } from '../language/rule-path.ts'
import { SHARED_MEMORY } from './growing-list.ts'
import type { PackedMember, PackedRuleSets } from './pack-rule-sets.ts'
import { readNames } from './packed-names.ts'
import { PackedStore } from './packed-store.ts'
import type { PackedTables } from './packed-tables.ts'
import { RulePacker } from './rule-packer.ts'

/** With more rules that came or went, nothing that is remembered is kept: most of it may have changed. */
const MAX_DELTA = 10_000

/** Entries of rule sets as text: rules as JSON, and names of groups in quotes. */
export interface ChangedEntries {
  /** The path of the set of each entry. */
  readonly paths: readonly string[]
  readonly texts: readonly string[]
}

/** Where the entries of a changed rule set are now that are not among the changed rules. */
export interface MovedEntries {
  /** So many entries at the start are unchanged. */
  readonly first: number
  /** So many entries at the end are unchanged. */
  readonly last: number
  readonly before: number
  readonly after: number
}

/** What differs between packed groups and rule sets, as data. */
export interface RuleSetsComparison {
  readonly added: ChangedEntries
  readonly removed: ChangedEntries
  /**
   * The rules that came or went, packed. A verdict on a peer is unchanged if none of them can match it. Undefined if
   * there are too many, or sets name other groups.
   */
  readonly delta: PackedTables | undefined
  /** The rule sets that changed and are no groups, by path. */
  readonly moved: ReadonlyMap<string, MovedEntries>
}

/** Compares groups and rule sets. A rule that is written in another way went and came. */
export function compareRuleSets (before: PackedRuleSets, after: PackedRuleSets): RuleSetsComparison {
  const [old, next] = [new SetReader(before), new SetReader(after)]
  const [added, removed] = [new EntryList(), new EntryList()]
  const moved = new Map<string, MovedEntries>()
  const delta = new DeltaPacker()
  for (const path of new Set([...old.paths, ...next.paths])) {
    if (old.isSame(path, next)) continue
    const [was, is] = [old.list(path), next.list(path)]
    const [wasThere, isThere] = [new Set(was.map(({ text }) => text)), new Set(is.map(({ text }) => text))]
    const came = is.filter(({ text }) => !wasThere.has(text))
    const went = was.filter(({ text }) => !isThere.has(text))
    for (const entry of came) added.add(path, entry)
    for (const entry of went) removed.add(path, entry)
    if (next.isGroup(path) || old.isGroup(path)) {
      delta.add([...came, ...went], path)
      continue
    }
    const entries = findMoved(was, is)
    moved.set(path, entries)
    // The verdict tells the position of an entry, so one that is at another position has changed.
    const isMoved = (entry: Entry, at: number): boolean => at >= entries.first && was[at]?.text !== is[at]?.text
    delta.add(was.slice(0, was.length - entries.last).filter(isMoved), path)
    delta.add(is.slice(0, is.length - entries.last).filter(isMoved), path)
  }
  return { added: added.data, removed: removed.data, delta: delta.seal(), moved }
}

/** An entry of a set. */
interface Entry {
  /** Equal entries have equal texts. */
  readonly text: string
  readonly shown: string
  /** Undefined for the name of a group. */
  readonly rule: { readonly store: PackedStore, readonly number: number } | undefined
}

/** Reads the entries of sets by their paths. */
class SetReader {
  readonly #sets: ReadonlyMap<string, number>
  readonly #store: PackedStore
  readonly #members: ReadonlyMap<number, readonly PackedMember[]>
  readonly #groupCount: number

  constructor ({ tables, groups, groupsPath, sets, members }: PackedRuleSets) {
    this.#store = new PackedStore(tables)
    const path = new RulePath(groupsPath)
    const names = readNames(groups)
    this.#sets = new Map([...names.map((name) => path.at(name).toString()), ...sets].map((at, number) => [at, number]))
    this.#members = members
    this.#groupCount = names.length
  }

  get paths (): Iterable<string> { return this.#sets.keys() }

  isGroup (path: string): boolean { return (this.#sets.get(path) ?? Infinity) < this.#groupCount }

  /** Whether a set has the same octets in both. */
  isSame (path: string, other: SetReader): boolean {
    const [own, others] = [this.#sets.get(path), other.#sets.get(path)]
    if (own === undefined || others === undefined) return false
    const [mine, theirs] = [this.#members.get(own) ?? [], other.#members.get(others) ?? []]
    return JSON.stringify(mine) === JSON.stringify(theirs) && this.#octets(own).equals(other.#octets(others)) &&
      !this.#hasLong(own) && !other.#hasLong(others)
  }

  /** The entries in their order. */
  list (path: string): readonly Entry[] {
    const set = this.#sets.get(path)
    if (set === undefined) return []
    const [from, to] = this.#range(set)
    const entries: (readonly [number, Entry])[] = []
    for (let number = from; number < to; number++) {
      const store = this.#store
      const entry = { text: store.wholeTextOf(number), shown: store.textOf(number), rule: { store, number } }
      entries.push([store.entryOf(number), entry])
    }
    for (const { name, entry } of this.#members.get(set) ?? []) {
      const text = JSON.stringify(name)
      entries.push([entry ?? 0, { text, shown: text, rule: undefined }])
    }
    return entries.sort(([a], [b]) => a - b).map(([, entry]) => entry)
  }

  #range (set: number): readonly [number, number] {
    const { setStarts } = this.#store.tables
    return [setStarts[set] as number, setStarts[set + 1] as number]
  }

  /** Where one rule ends, the JSON tells. */
  #octets (set: number): Buffer {
    const { source, sourceStarts } = this.#store.tables
    const [from, to] = this.#range(set).map((rule) => sourceStarts[rule] as number) as [number, number]
    return Buffer.from(source.buffer, source.byteOffset + from, to - from)
  }

  #hasLong (set: number): boolean {
    const { long } = this.#store.tables
    const [from, to] = this.#range(set)
    return [...long.keys()].some((rule) => rule >= from && rule < to)
  }
}

/** Entries that came, or went. */
class EntryList {
  readonly data: { readonly paths: string[], readonly texts: string[] } = { paths: [], texts: [] }

  add (path: string, { shown }: Entry): void {
    this.data.paths.push(path)
    this.data.texts.push(shown)
  }
}

/** Packs the rules that came or went, unless it is not known what they change. */
class DeltaPacker {
  readonly #packer = new RulePacker(0)
  #count = 0
  #isOpen = true

  constructor () { this.#packer.beginSet() }

  add (entries: readonly Entry[], path: string): void {
    for (const { rule } of entries) this.#add(rule, path)
  }

  #add (rule: Entry['rule'], path: string): void {
    // A set that names another group, and a rule whose values were cut.
    const isUnknown = rule === undefined || rule.store.tables.long.has(rule.number)
    if (isUnknown || ++this.#count > MAX_DELTA) this.#isOpen = false
    if (!this.#isOpen || rule === undefined) return
    const value: unknown = JSON.parse(rule.store.textOf(rule.number))
    this.#packer.add(readRule(value, new RulePath(path), { authorityCheck: undefined, bindings: [] }), undefined)
  }

  seal (): PackedTables | undefined { return this.#isOpen ? this.#packer.seal(SHARED_MEMORY) : undefined }
}

function findMoved (was: readonly Entry[], is: readonly Entry[]): MovedEntries {
  const [before, after] = [was.length, is.length]
  const most = Math.min(before, after)
  let first = 0
  while (first < most && was[first]?.text === is[first]?.text) first++
  let last = 0
  while (last < most - first && was[before - 1 - last]?.text === is[after - 1 - last]?.text) last++
  return { first, last, before, after }
}

/** The position of an entry that was at another one; undefined if it is not known. */
export function findPosition ({ first, last, before, after }: MovedEntries, position: number): number | undefined {
  if (position < first) return position
  if (position >= before - last) return position + after - before
  return before === after ? position : undefined
}
