import type { Clause, Condition } from './condition.ts'
import { LeafCondition } from './leaf-condition.ts'
import type { PeerFacts } from './peer-facts.ts'
import { splitSegments } from './segments.ts'
import type { Term } from './table.ts'
import { TermIndex } from './term-index.ts'
import type { TableIndex } from './term-index.ts'
import { FALSE, TRUE, UNKNOWN } from './truth.ts'
import type { Truth } from './truth.ts'

/** No clause matches. */
export const NONE = -1
/** No clause matches, but some might if the identity said more. */
export const UNDECIDED = -2

/** What else a clause asks once its indexed condition holds. */
interface Compound {
  readonly ordinal: number
  readonly rest: readonly Condition[]
}

/** The clauses under one term: the lowest ordinal of those that ask nothing else (`Infinity` for none), and the others in ascending order. */
interface Posting {
  simple: number
  readonly compounds: Compound[]
}

/** The usual postings without their wrapping: a bare ordinal is one simple clause, a compound one of those. */
type Entry = number | Compound | Posting

/** What is filed under one table, for identities that do not say its keys. */
interface Filed {
  hasSimple: boolean
  readonly compounds: Compound[]
  /** What the compounds ask beyond this table, indexed in turn once such an identity comes. */
  rest: Matcher | undefined
}

interface IndexedTable extends TableIndex<Entry> {
  readonly filed: Filed
}

/**
 * Any of many clauses. Each clause is filed under its most selective condition, so that only clauses that one of the certificate's own values names are looked at;
 * clauses without an indexable condition (`not` or `via` alone) are tried one by one.
 */
export class Matcher {
  readonly #tables: readonly IndexedTable[]
  readonly #scanned: readonly Clause[]

  /** @param clauses in ascending order of their ordinals */
  constructor (clauses: readonly Clause[]) {
    const index = new TermIndex<Entry>()
    const scanned: Clause[] = []
    const filed = new Map<string, Filed>()
    const count = countTerms(clauses)
    for (const clause of clauses) {
      const leaf = chooseLeaf(clause, count)
      if (leaf === undefined) scanned.push(clause)
      else file(index, filed, clause, leaf)
    }
    this.#scanned = scanned
    this.#tables = index.seal().map((table) => ({ ...table, filed: filed.get(table.table.name) as Filed }))
  }

  /** The lowest ordinal of the clauses that match; otherwise `NONE` or `UNDECIDED`. */
  find (facts: PeerFacts): number {
    const search: Search = { facts, best: Infinity, undecided: false }
    for (const indexed of this.#tables) {
      const keys = facts.keys(indexed.table)
      if (keys === undefined) search.undecided ||= mayMatch(indexed.filed, facts)
      else for (const key of keys) lookUp(indexed, key, search)
    }
    for (const { ordinal, conditions } of this.#scanned) {
      if (ordinal >= search.best) break
      tryConditions(conditions, ordinal, search)
    }
    return search.best !== Infinity ? search.best : search.undecided ? UNDECIDED : NONE
  }

  /** Whether any clause matches. */
  test (facts: PeerFacts): Truth {
    const found = this.find(facts)
    return found >= 0 ? TRUE : found === UNDECIDED ? UNKNOWN : FALSE
  }
}

/** What is known so far. */
interface Search {
  readonly facts: PeerFacts
  best: number
  undecided: boolean
}

function lookUp ({ trie, values }: IndexedTable, key: string, search: Search): void {
  if (trie !== undefined) {
    for (const entry of trie.find(splitSegments(key) ?? [])) takeEntry(entry, search)
    return
  }
  const entry = values.get(key)
  if (entry !== undefined) takeEntry(entry, search)
}

function takeEntry (entry: Entry, search: Search): void {
  if (typeof entry === 'number') {
    if (entry < search.best) search.best = entry
    return
  }
  if ('rest' in entry) {
    if (entry.ordinal < search.best) tryConditions(entry.rest, entry.ordinal, search)
    return
  }
  if (entry.simple < search.best) search.best = entry.simple
  for (const { ordinal, rest } of entry.compounds) {
    if (ordinal >= search.best) break
    tryConditions(rest, ordinal, search)
  }
}

function tryConditions (conditions: readonly Condition[], ordinal: number, search: Search): void {
  const truth = testAll(conditions, search.facts)
  if (truth === TRUE) search.best = ordinal
  else if (truth === UNKNOWN) search.undecided = true
}

/** Whether a clause filed under a table that the identity does not say might match: unless the rest of it is known to fail. */
function mayMatch (filed: Filed, facts: PeerFacts): boolean {
  if (filed.hasSimple) return true
  filed.rest ??= new Matcher(filed.compounds.map(({ ordinal, rest }) => ({ ordinal, conditions: rest })))
  return filed.rest.test(facts) !== FALSE
}

/** Whether all conditions hold. */
export function testAll (conditions: readonly Condition[], facts: PeerFacts): Truth {
  let truth: Truth = TRUE
  for (const condition of conditions) {
    const one = condition.test(facts)
    if (one === FALSE) return FALSE
    if (one === UNKNOWN) truth = UNKNOWN
  }
  return truth
}

/** How many clauses of several conditions name each term. */
function countTerms (clauses: readonly Clause[]): TermIndex<number> {
  const count = new TermIndex<number>()
  for (const { conditions } of clauses) {
    if (conditions.length === 1) continue
    for (const condition of conditions) {
      if (!(condition instanceof LeafCondition)) continue
      for (const term of condition.terms) count.set(term, (count.get(term) ?? 0) + 1)
    }
  }
  return count
}

/** The condition whose terms the fewest other clauses name; among equals the one with the fewest terms. */
function chooseLeaf ({ conditions }: Clause, count: TermIndex<number>): LeafCondition | undefined {
  let best: LeafCondition | undefined
  let least = Infinity
  for (const condition of conditions) {
    if (!(condition instanceof LeafCondition)) continue
    if (conditions.length === 1) return condition
    const crowd = condition.terms.reduce((most, term) => Math.max(most, count.get(term) ?? 0), 0)
    if (crowd < least || (crowd === least && condition.terms.length < (best as LeafCondition).terms.length)) {
      best = condition
      least = crowd
    }
  }
  return best
}

function file (index: TermIndex<Entry>, filed: Map<string, Filed>, clause: Clause, leaf: LeafCondition): void {
  const { ordinal, conditions } = clause
  const compound = conditions.length === 1 ? undefined : { ordinal, rest: conditions.filter((condition) => condition !== leaf) }
  const seen = new Set<string>()
  for (const term of leaf.terms) {
    const { name } = term.table
    let notes = filed.get(name)
    if (notes === undefined) filed.set(name, notes = { hasSimple: false, compounds: [], rest: undefined })
    if (compound === undefined) notes.hasSimple = true
    else if (!seen.has(name)) notes.compounds.push(compound)
    seen.add(name)
    fileTerm(index, term, ordinal, compound)
  }
}

function fileTerm (index: TermIndex<Entry>, term: Term, ordinal: number, compound: Compound | undefined): void {
  const entry = index.get(term)
  if (entry === undefined) index.set(term, compound ?? ordinal)
  else if (typeof entry === 'object' && 'compounds' in entry) addTo(entry, ordinal, compound)
  else if (entry !== compound && (typeof entry === 'object' || compound !== undefined)) {
    const posting: Posting = typeof entry === 'number' ? { simple: entry, compounds: [] } : { simple: Infinity, compounds: [entry] }
    addTo(posting, ordinal, compound)
    index.set(term, posting)
  }
}

/** Ordinals come in ascending order, so that the first simple one is the lowest and compounds stay sorted. */
function addTo (posting: Posting, ordinal: number, compound: Compound | undefined): void {
  if (compound === undefined) posting.simple = Math.min(posting.simple, ordinal)
  else if (posting.compounds.at(-1) !== compound) posting.compounds.push(compound)
}
