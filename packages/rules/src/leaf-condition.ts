import type { Condition } from './condition.ts'
import type { PeerFacts } from './peer-facts.ts'
import { matchSegments, splitSegments } from './segments.ts'
import type { Term } from './table.ts'
import { TermIndex } from './term-index.ts'
import type { TableIndex } from './term-index.ts'
import { FALSE, TRUE, UNKNOWN } from './truth.ts'
import type { Truth } from './truth.ts'

/** Up to this many values are compared one by one; more get an index when first asked. */
const FEW = 8

/** The certificate has at least one of the terms. All of them belong to one rule key. */
export class LeafCondition implements Condition {
  readonly terms: readonly Term[]
  #tables: readonly TableIndex<true>[] | undefined

  constructor (terms: readonly Term[]) {
    this.terms = terms
  }

  test (facts: PeerFacts): Truth {
    return this.terms.length > FEW ? this.#testIndexed(facts) : testEach(this.terms, facts)
  }

  #testIndexed (facts: PeerFacts): Truth {
    if (this.#tables === undefined) {
      const index = new TermIndex<true>()
      for (const term of this.terms) index.set(term, true)
      this.#tables = index.seal()
    }
    for (const { table, values, trie } of this.#tables) {
      const keys = facts.keys(table)
      if (keys === undefined) return UNKNOWN
      for (const key of keys) {
        if (trie === undefined ? values.has(key) : trie.find(splitSegments(key) ?? []).length > 0) return TRUE
      }
    }
    return FALSE
  }
}

/** Tables seldom are more; a configuration of many attribute OIDs must not pile up here. */
const MAX_RECENT = 64
const recent = new Map<string, LeafCondition>()

/**
 * The condition that one of `terms` holds. A hundred thousand rules that pin the same issuer share one condition: less memory, and it stays in the processor's cache.
 */
export function createLeafCondition (terms: readonly Term[]): LeafCondition {
  const [term] = terms
  if (term === undefined || terms.length > 1) return new LeafCondition(terms)
  const last = recent.get(term.table.name)
  if (last !== undefined && last.terms[0]?.key === term.key) return last
  if (recent.size >= MAX_RECENT) recent.clear()
  const condition = new LeafCondition(terms)
  recent.set(term.table.name, condition)
  return condition
}

function testEach (terms: readonly Term[], facts: PeerFacts): Truth {
  for (const { table, key, segments } of terms) {
    const keys = facts.keys(table)
    if (keys === undefined) return UNKNOWN
    if (segments === undefined ? keys.includes(key) : keys.some((uri) => matchSegments(segments, splitSegments(uri) ?? []))) return TRUE
  }
  return FALSE
}
