import type { ParsedRule } from '../language/parsed-rule.ts'
import { AnyOfAlternatives } from './alternatives.ts'
import { FALSE, PeerValues, UNKNOWN, negate } from './condition.ts'
import type { Clause, Condition, Truth } from './condition.ts'
import { Matcher } from './matcher.ts'

/** Holds if none of the rules matches. */
export class NotCondition implements Condition {
  readonly #matcher: Matcher

  constructor (matcher: Matcher) {
    this.#matcher = matcher
  }

  test (peerValues: PeerValues): Truth {
    return negate(this.#matcher.test(peerValues))
  }
}

/**
 * Holds if the nearest gateway matches any of the rules. Only the nearest one was verified in its own handshake; it
 * merely reports those before it. A direct peer has no gateway. A forwarded peer without one came through a gateway
 * that has no identity, only an address, so the result is unknown.
 */
export class ViaCondition implements Condition {
  readonly #matcher: Matcher

  constructor (matcher: Matcher) {
    this.#matcher = matcher
  }

  test ({ peer, circumstances }: PeerValues): Truth {
    const gateway = peer.via.at(-1)
    if (gateway === undefined) return peer.source === 'tls' ? FALSE : UNKNOWN
    return this.#matcher.test(new PeerValues(gateway, circumstances))
  }
}

/**
 * Converts a rule to clauses of which any must hold. Most rules are one clause. If a key has a list of objects
 * with several parts, each becomes a clause, so that it can be indexed. Only the longest such list is expanded, so
 * that two lists do not multiply.
 */
export function listClauses (rule: ParsedRule, ordinal: number): readonly Clause[] {
  const conditions = rule.keys.flatMap((key) => key.conditions)
  const [longest] = conditions.filter((condition) => condition instanceof AnyOfAlternatives)
    .sort((a, b) => b.alternatives.length - a.alternatives.length)
  if (longest === undefined) return [{ ordinal, conditions }]
  const rest: readonly Condition[] = conditions.filter((condition) => condition !== longest)
  return longest.alternatives.map((alternative) => ({ ordinal, conditions: [...rest, ...alternative] }))
}
