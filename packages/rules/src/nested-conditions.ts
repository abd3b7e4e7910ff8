import type { Condition } from './condition.ts'
import type { LeafCondition } from './leaf-condition.ts'
import { Matcher } from './matcher.ts'
import { PeerFacts } from './peer-facts.ts'
import { FALSE, UNKNOWN, negate } from './truth.ts'
import type { Truth } from './truth.ts'

/** Any of several alternatives, each a conjunction: `subject: [{ o: 'a', ou: 'b' }, …]`. */
export class AnyCondition implements Condition {
  readonly alternatives: readonly (readonly LeafCondition[])[]
  #matcher: Matcher | undefined

  constructor (alternatives: readonly (readonly LeafCondition[])[]) {
    this.alternatives = alternatives
  }

  test (facts: PeerFacts): Truth {
    this.#matcher ??= new Matcher(this.alternatives.map((conditions) => ({ ordinal: 0, conditions })))
    return this.#matcher.test(facts)
  }
}

/** None of the rules. */
export class NotCondition implements Condition {
  readonly #matcher: Matcher

  constructor (matcher: Matcher) {
    this.#matcher = matcher
  }

  test (facts: PeerFacts): Truth {
    return negate(this.#matcher.test(facts))
  }
}

/**
 * The nearest gateway matches any of the rules. Only the nearest one proved itself to us; those before it are what it says.
 * A direct peer has no gateway. A forwarded one without any came through one that has no identity, an address at most: unknown.
 */
export class ViaCondition implements Condition {
  readonly #matcher: Matcher

  constructor (matcher: Matcher) {
    this.#matcher = matcher
  }

  test ({ peer }: PeerFacts): Truth {
    const gateway = peer.via.at(-1)
    if (gateway === undefined) return peer.source === 'tls' ? FALSE : UNKNOWN
    return this.#matcher.test(new PeerFacts(gateway))
  }
}
