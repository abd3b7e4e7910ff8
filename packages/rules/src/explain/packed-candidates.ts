import { readPacked } from '../flat-rules.ts'
import type { FlatRule, FlatSet } from '../flat-rules.ts'
import { TRUE } from '../match/condition.ts'
import type { PeerValues } from '../match/condition.ts'
import { CONDITION, Kind } from '../packed/packed-tables.ts'
import type { PackedStore } from '../packed/packed-store.ts'

/** As many rules are read again to be compared exactly. */
const MAX_CANDIDATES = 50

interface Candidate {
  readonly flatSet: FlatSet
  readonly rule: number
  readonly score: number
}

/**
 * The packed rules that are worth to be explained: all of a few, otherwise those of which most conditions hold. Reading
 * every rule again would take too long.
 */
export function * listCandidates (
  packed: readonly FlatSet[], peerValues: PeerValues, isFew: boolean
): Generator<FlatRule, void, undefined> {
  if (isFew) {
    yield * readPacked(packed)
    return
  }
  for (const { flatSet: { set, origin }, rule } of findCandidates(packed, peerValues)) {
    const read = set.store.readRule(rule, set.path)
    yield { rule: read, origin: origin ?? { index: set.store.entryOf(rule), group: undefined } }
  }
}

function findCandidates (packed: readonly FlatSet[], peerValues: PeerValues): readonly Candidate[] {
  const best: Candidate[] = []
  for (const flatSet of packed) {
    const { store, range: [from, to] } = flatSet.set
    const keys = store.keysOf(peerValues)
    const { clauseRules } = store.tables
    for (let clause = store.firstClause(from); clause < clauseRules.length; clause++) {
      const rule = clauseRules[clause] as number
      if (rule >= to) break
      const score = scoreClause(store, clause, keys)
      if (best.length === MAX_CANDIDATES && score <= (best.at(-1) as Candidate).score) continue
      const at = best.findIndex((other) => other.score < score)
      best.splice(at === -1 ? best.length : at, 0, { flatSet, rule, score })
      if (best.length > MAX_CANDIDATES) best.pop()
    }
  }
  // A rule may have several clauses.
  return best.filter(({ rule, flatSet: { set } }, at) => at === best.findIndex((other) => {
    return other.rule === rule && other.flatSet.set.store === set.store
  }))
}

/** The share of the conditions that hold; then their number. A `not` and a period count only if they fail. */
function scoreClause (store: PackedStore, clause: number, keys: ReturnType<PackedStore['keysOf']>): number {
  const { clauses: { starts, conditions }, kinds } = store.tables
  let [held, asked, failed] = [0, 0, 0]
  for (let at = starts[clause] as number; at < (starts[clause + 1] as number); at++) {
    const condition = conditions[at] as number
    if (store.testCondition(condition, keys) === TRUE) {
      const kind = condition < CONDITION ? Kind.LIST : kinds[condition - CONDITION]
      if (kind === Kind.NOT || kind === Kind.FROM || kind === Kind.UNTIL) continue
      held++
    } else failed++
    asked++
  }
  return failed === 0 ? Infinity : held / Math.max(asked, 1) + held * 1e-4
}
