import type { RulesReloadedMessage } from '@peerkit/events'
import { clip } from '@peerkit/identity/internal'
import type { ChangedEntries, RuleSetsComparison } from '@peerkit/rules/internal'
import type { PackedFile } from './packed-file.ts'

/** A rule of a file that came or went. */
export interface ChangedRule {
  /** Where it is in the file: `groups.billing`, `defaultRules` or `routes["GET /invoices"]`. */
  readonly path: string
  /**
   * The rule as JSON: `{"ou":"billing"}`, or the name of a group in quotes. Of a list with more than 1,000 values, the
   * first ones.
   */
  readonly rule: string
}

/** What a changed rules file would change. A rule that is written in another way went and came. */
export interface RulesChange {
  readonly file: string
  /** The number that the rules would have. Those in force have the one before. */
  readonly generation: number
  readonly added: readonly ChangedRule[]
  readonly removed: readonly ChangedRule[]
  /** The length of `added`, without making the list. */
  readonly addedCount: number
  /** The length of `removed`, without making the list. */
  readonly removedCount: number
  /** How many rules and names of groups the file in force has in all. A rule with many values counts once. */
  readonly countBefore: number
  /** How many the changed file has. */
  readonly countAfter: number
}

/** What a change adds or removes, without an object for each rule. */
export interface ListedChange {
  readonly added: ChangedEntries
  readonly removed: ChangedEntries
}

/** Adds the words `public` and `authenticated` that came or went to what the rule sets tell. */
export function listChange (comparison: RuleSetsComparison, before: PackedFile, after: PackedFile): ListedChange {
  return {
    added: joinEntries(comparison.added, listWords(after, before)),
    removed: joinEntries(comparison.removed, listWords(before, after))
  }
}

function listWords ({ words }: PackedFile, other: PackedFile): ChangedEntries {
  const found = [...words].filter(([path, word]) => other.words.get(path) !== word)
  return { paths: found.map(([path]) => path), texts: found.map(([, word]) => JSON.stringify(word)) }
}

function joinEntries (one: ChangedEntries, other: ChangedEntries): ChangedEntries {
  if (other.paths.length === 0) return one
  return { paths: [...one.paths, ...other.paths], texts: [...one.texts, ...other.texts] }
}

/** The change as `onReload` gets it. The lists are made when they are read: a file may have a million rules. */
export function presentChange (
  { added, removed }: ListedChange, before: PackedFile, after: PackedFile, generation: number
): RulesChange {
  const [listAdded, listRemoved] = [once(added), once(removed)]
  return Object.freeze({
    file: after.file,
    generation,
    addedCount: added.paths.length,
    removedCount: removed.paths.length,
    countBefore: countEntries(before),
    countAfter: countEntries(after),
    get added () { return listAdded() },
    get removed () { return listRemoved() }
  })
}

function countEntries ({ packed: { tables, members }, words }: PackedFile): number {
  const named = [...members.values()].reduce((sum, { length }) => sum + length, 0)
  return tables.entries.length + named + words.size
}

function once (entries: ChangedEntries): () => readonly ChangedRule[] {
  let rules: readonly ChangedRule[] | undefined
  return () => {
    rules ??= Object.freeze(listEntries(entries))
    return rules
  }
}

/** The first entries as objects. */
function listEntries ({ paths, texts }: ChangedEntries, most: number = paths.length): readonly ChangedRule[] {
  return paths.slice(0, most).map((path, index) => Object.freeze({ path, rule: texts[index] as string }))
}

/** Rules that a message states. */
const MAX_STATED = 50

/** The change as messages state it. */
export function stateChange ({ added, removed }: ListedChange): Partial<RulesReloadedMessage> {
  const state = (entries: ChangedEntries): readonly string[] =>
    listEntries(entries, MAX_STATED).map(({ path, rule }) => clip(`${path}: ${rule}`, 500))
  return {
    added: state(added),
    removed: state(removed),
    addedCount: added.paths.length,
    removedCount: removed.paths.length
  }
}
