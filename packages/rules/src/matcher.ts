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

/** A bare number is a posting without compounds: a hundred thousand single values cost a map entry each and no object. */
type Entry = number | Posting

/** What must be asked of a table whose keys the identity does not say. */
interface IndexedTable extends TableIndex<Entry> {
  hasSimple: boolean
  readonly compounds: Compound[]
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
    const filed = new Map<string, { hasSimple: boolean, compounds: Compound[] }>()
    const count = countTerms(clauses)
    for (const clause of clauses) {
      const leaf = chooseLeaf(clause, count)
      if (leaf === undefined) scanned.push(clause)
      else file(index, filed, clause, leaf)
    }
    this.#scanned = scanned
    this.#tables = index.seal().map((table) => ({ ...table, ...filed.get(table.table.name) as { hasSimple: boolean, compounds: Compound[] } }))
  }

  /** The lowest ordinal of the clauses that match; otherwise `NONE` or `UNDECIDED`. */
  find (facts: PeerFacts): number {
    let best = Infinity
    let undecided = false
    for (const indexed of this.#tables) {
      const keys = facts.keys(indexed.table)
      if (keys === undefined) {
        undecided ||= indexed.hasSimple || indexed.compounds.some(({ rest }) => testAll(rest, facts) !== FALSE)
        continue
      }
      for (const key of keys) {
        const entries = indexed.trie === undefined ? indexed.values.get(key) : indexed.trie.find(splitSegments(key) ?? [])
        if (entries === undefined) continue
        for (const entry of Array.isArray(entries) ? entries : [entries]) {
          const simple = typeof entry === 'number' ? entry : entry.simple
          if (simple < best) best = simple
          if (typeof entry === 'number') continue
          for (const { ordinal, rest } of entry.compounds) {
            if (ordinal >= best) break
            const truth = testAll(rest, facts)
            if (truth === TRUE) best = ordinal
            else undecided ||= truth === UNKNOWN
          }
        }
      }
    }
    for (const { ordinal, conditions } of this.#scanned) {
      if (ordinal >= best) break
      const truth = testAll(conditions, facts)
      if (truth === TRUE) best = ordinal
      else undecided ||= truth === UNKNOWN
    }
    return best !== Infinity ? best : undecided ? UNDECIDED : NONE
  }

  /** Whether any clause matches. */
  test (facts: PeerFacts): Truth {
    const found = this.find(facts)
    return found >= 0 ? TRUE : found === UNDECIDED ? UNKNOWN : FALSE
  }
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

function file (index: TermIndex<Entry>, filed: Map<string, { hasSimple: boolean, compounds: Compound[] }>, clause: Clause, leaf: LeafCondition): void {
  const { ordinal, conditions } = clause
  const compound = conditions.length === 1 ? undefined : { ordinal, rest: conditions.filter((condition) => condition !== leaf) }
  const seen = new Set<string>()
  for (const term of leaf.terms) {
    const { name } = term.table
    let notes = filed.get(name)
    if (notes === undefined) filed.set(name, notes = { hasSimple: false, compounds: [] })
    if (compound === undefined) notes.hasSimple = true
    else if (!seen.has(name)) notes.compounds.push(compound)
    seen.add(name)
    fileTerm(index, term, ordinal, compound)
  }
}

function fileTerm (index: TermIndex<Entry>, term: Term, ordinal: number, compound: Compound | undefined): void {
  const entry = index.get(term)
  if (compound === undefined) {
    if (entry === undefined) index.set(term, ordinal)
    else if (typeof entry === 'object') entry.simple = Math.min(entry.simple, ordinal)
  } else if (typeof entry === 'object') {
    if (entry.compounds.at(-1) !== compound) entry.compounds.push(compound)
  } else {
    index.set(term, { simple: entry ?? Infinity, compounds: [compound] })
  }
}
