import { TRUE } from '../match/condition.ts'
import type { PeerValues, Truth } from '../match/condition.ts'
import { allow } from '../verdict.ts'
import type { Allowed } from '../verdict.ts'
import type { PackedStore } from './packed-store.ts'

/**
 * The sets of a store that a rule set asks, by their numbers: the verdict if one of their rules matches; undefined if
 * each rule is an entry of the rule set.
 */
export type AskedSets = ReadonlyMap<number, Allowed | undefined>

/** What packed rules say of a peer. */
export interface PackedDecision {
  /** The verdict of the first entry of which a rule matches; undefined if none does. */
  readonly allowed: Allowed | undefined
  /** Whether no rule matches, but one might if more was known. */
  readonly isOpen: boolean
}

/** Finds the first entry of a rule set of which a rule matches. */
export function decidePacked (store: PackedStore, asked: AskedSets, peerValues: PeerValues): PackedDecision {
  const { clauseRules } = store.tables
  let best = Infinity
  let allowed: Allowed | undefined
  let isOpen = false
  // The set and the entry of the clause that is tried.
  let verdict: Allowed | undefined
  let entry = 0
  store.search.visit(store.keysOf(peerValues), {
    wants (clause) {
      const rule = clauseRules[clause] as number
      const set = store.setOf(rule)
      if (!asked.has(set)) return false
      verdict = asked.get(set)
      entry = verdict?.rule ?? store.entryOf(rule)
      return entry < best
    },
    take (clause, truth) {
      if (truth !== TRUE) isOpen = true
      else [best, allowed] = [entry, verdict]
    }
  })
  if (best !== Infinity) return { allowed: allowed ?? allow({ index: best, group: undefined }), isOpen: false }
  return { allowed: undefined, isOpen }
}

/** The sets of a store of which a rule matches. */
export function findMatchingSets (store: PackedStore, peerValues: PeerValues): ReadonlySet<number> {
  const { clauseRules } = store.tables
  const found = new Set<number>()
  store.search.visit(store.keysOf(peerValues), {
    wants: (clause) => !found.has(store.setOf(clauseRules[clause] as number)),
    take (clause, truth: Truth) { if (truth === TRUE) found.add(store.setOf(clauseRules[clause] as number)) }
  })
  return found
}
