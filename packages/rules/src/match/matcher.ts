import type { FieldValue } from '../language/values/field-value.ts'
import { AnyOfValues, FieldValueIndex } from './any-of-values.ts'
import type { FieldIndex } from './any-of-values.ts'
import { FALSE, TRUE, UNKNOWN } from './condition.ts'
import type { Clause, Condition, PeerValues, Truth } from './condition.ts'
import { splitSegments } from './segments.ts'

/** No clause matches. */
export const NONE = -1 as const
/** No clause matches, but some might if more was known. */
export const UNDECIDED = -2 as const

/** The conditions of a clause besides its indexed one. */
interface Compound {
  readonly ordinal: number
  readonly rest: readonly Condition[]
}

/**
 * The clauses indexed by one value: the lowest ordinal of those without further conditions (`Infinity` for none), and
 * the others in ascending order.
 */
interface Posting {
  simple: number
  readonly compounds: Compound[]
}

/** A posting, or in short form a single clause: a number is one simple clause, a `Compound` is one of those. */
type Entry = number | Compound | Posting

/** The clauses indexed by one field, for identities in which that field is unknown. */
interface Filed {
  hasSimple: boolean
  readonly compounds: Compound[]
  /** The other conditions of the compounds. The index is created for the first such identity. */
  rest: Matcher | undefined
}

interface IndexedField extends FieldIndex<Entry> {
  readonly filed: Filed
}

/**
 * Finds the first of many clauses that matches. Each clause is indexed by its most selective condition, so only clauses
 * with a value of the certificate are tried. Clauses that cannot be indexed (only `not` or `via`) are all tried.
 */
export class Matcher {
  readonly #fields: readonly IndexedField[]
  readonly #scanned: readonly Clause[]

  /** @param clauses in ascending order of their ordinals */
  constructor (clauses: readonly Clause[]) {
    const index = new FieldValueIndex<Entry>()
    const scanned: Clause[] = []
    const filed = new Map<string, Filed>()
    const count = countValues(clauses)
    for (const clause of clauses) {
      const chosen = chooseMostSelective(clause, count)
      if (chosen === undefined) scanned.push(clause)
      else file(index, filed, clause, chosen)
    }
    this.#scanned = scanned
    this.#fields = index.seal().map((one) => ({ ...one, filed: filed.get(one.field.name) as Filed }))
  }

  /** The lowest ordinal of the clauses that match; otherwise `NONE` or `UNDECIDED`. */
  find (peerValues: PeerValues): number {
    const search: Search = { peerValues, best: Infinity, undecided: false }
    for (const indexed of this.#fields) {
      const keys = peerValues.of(indexed.field)
      if (keys === undefined) search.undecided ||= mayMatch(indexed.filed, peerValues)
      else for (const key of keys) lookUp(indexed, key, search)
    }
    for (const { ordinal, conditions } of this.#scanned) {
      if (ordinal >= search.best) break
      tryConditions(conditions, ordinal, search)
    }
    return search.best !== Infinity ? search.best : search.undecided ? UNDECIDED : NONE
  }

  /** Whether any clause matches. */
  test (peerValues: PeerValues): Truth {
    const found = this.find(peerValues)
    return found >= 0 ? TRUE : found === UNDECIDED ? UNKNOWN : FALSE
  }
}

/** What is known so far. */
interface Search {
  readonly peerValues: PeerValues
  best: number
  undecided: boolean
}

function lookUp ({ trie, values }: IndexedField, key: string, search: Search): void {
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
  const truth = testAll(conditions, search.peerValues)
  if (truth === TRUE) search.best = ordinal
  else if (truth === UNKNOWN) search.undecided = true
}

/** Whether a clause of an unknown field might match: unless its other conditions are known to fail. */
function mayMatch (filed: Filed, peerValues: PeerValues): boolean {
  if (filed.hasSimple) return true
  filed.rest ??= new Matcher(filed.compounds.map(({ ordinal, rest }) => ({ ordinal, conditions: rest })))
  return filed.rest.test(peerValues) !== FALSE
}

/** Whether all conditions hold. */
export function testAll (conditions: readonly Condition[], peerValues: PeerValues): Truth {
  let truth: Truth = TRUE
  for (const condition of conditions) {
    const one = condition.test(peerValues)
    if (one === FALSE) return FALSE
    if (one === UNKNOWN) truth = UNKNOWN
  }
  return truth
}

/** Counts the clauses with several conditions that have each value. */
function countValues (clauses: readonly Clause[]): FieldValueIndex<number> {
  const count = new FieldValueIndex<number>()
  for (const { conditions } of clauses) {
    if (conditions.length === 1) continue
    for (const condition of conditions) {
      if (!(condition instanceof AnyOfValues)) continue
      for (const value of condition.values) count.set(value, (count.get(value) ?? 0) + 1)
    }
  }
  return count
}

/** The condition whose values occur in the fewest clauses; of several, the one with the fewest values. */
function chooseMostSelective ({ conditions }: Clause, count: FieldValueIndex<number>): AnyOfValues | undefined {
  let best: AnyOfValues | undefined
  let least = Infinity
  for (const condition of conditions) {
    if (!(condition instanceof AnyOfValues)) continue
    if (conditions.length === 1) return condition
    const crowd = condition.values.reduce((most, value) => Math.max(most, count.get(value) ?? 0), 0)
    if (crowd < least || (crowd === least && condition.values.length < (best as AnyOfValues).values.length)) {
      best = condition
      least = crowd
    }
  }
  return best
}

function file (index: FieldValueIndex<Entry>, filed: Map<string, Filed>, clause: Clause, chosen: AnyOfValues): void {
  const { ordinal, conditions } = clause
  const rest = conditions.filter((condition) => condition !== chosen)
  const compound = rest.length === 0 ? undefined : { ordinal, rest }
  const seen = new Set<string>()
  for (const value of chosen.values) {
    const { name } = value.field
    let notes = filed.get(name)
    if (notes === undefined) filed.set(name, notes = { hasSimple: false, compounds: [], rest: undefined })
    if (compound === undefined) notes.hasSimple = true
    else if (!seen.has(name)) notes.compounds.push(compound)
    seen.add(name)
    fileValue(index, value, ordinal, compound)
  }
}

/** Clauses come in ascending order of their ordinals: behind a simple one of the same value, no other is ever found. */
function fileValue (
  index: FieldValueIndex<Entry>, value: FieldValue, ordinal: number, compound: Compound | undefined
): void {
  const entry = index.get(value)
  // A rule may list a value twice.
  if (typeof entry === 'number' || (entry !== undefined && entry === compound)) return
  if (entry === undefined) index.set(value, compound ?? ordinal)
  else if ('compounds' in entry) addTo(entry, ordinal, compound)
  else {
    const posting: Posting = { simple: Infinity, compounds: [entry] }
    addTo(posting, ordinal, compound)
    index.set(value, posting)
  }
}

function addTo (posting: Posting, ordinal: number, compound: Compound | undefined): void {
  if (posting.simple !== Infinity) return
  if (compound === undefined) posting.simple = ordinal
  else if (posting.compounds.at(-1) !== compound) posting.compounds.push(compound)
}
