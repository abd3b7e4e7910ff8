import type { Condition } from './condition.ts'
import type { AnyOfValues } from './any-of-values.ts'
import { Matcher } from './matcher.ts'
import { PeerValues } from './peer-values.ts'
import { FALSE, UNKNOWN, negate } from './truth.ts'
import type { Truth } from './truth.ts'

/** Holds if any of several names matches, each a conjunction: `subject: [{ o: 'a', ou: 'b' }, …]`. */
export class AnyOfNames implements Condition {
  readonly alternatives: readonly (readonly AnyOfValues[])[]
  #matcher: Matcher | undefined

  constructor (alternatives: readonly (readonly AnyOfValues[])[]) {
    this.alternatives = alternatives
  }

  test (peerValues: PeerValues): Truth {
    this.#matcher ??= new Matcher(this.alternatives.map((conditions) => ({ ordinal: 0, conditions })))
    return this.#matcher.test(peerValues)
  }
}

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

  test ({ peer }: PeerValues): Truth {
    const gateway = peer.via.at(-1)
    if (gateway === undefined) return peer.source === 'tls' ? FALSE : UNKNOWN
    return this.#matcher.test(new PeerValues(gateway))
  }
}
