import type { PeerIdentity } from '@peerkit/identity'
import type { Binding } from '../language/request-value.ts'
import type { FieldValue } from '../language/values/field-value.ts'
import { FALSE, TRUE, UNKNOWN } from './condition.ts'
import type { Condition, PeerValues, Truth } from './condition.ts'

/** How a key compares its values with those of certificates. */
export interface LiteralReader {
  /** The key, and the attribute if it is one of a name. */
  readonly key: string
  /** Reads a text as one value, never as a pattern or range; `undefined` if it is no such value. */
  readonly read: (text: string) => FieldValue | undefined
  /** How many values of the kind a certificate has, also such that cannot be compared; `undefined` if unknown. */
  readonly count: (peer: PeerIdentity) => number | undefined
}

/**
 * Holds if a value of the request is the one value that the certificate has. It is unknown, so that neither the key nor
 * its `not` matches, if the request has no such value, an invalid one or several; and if the certificate has the value
 * beside others, because code that reads the certificate may take another.
 */
export class BoundCondition implements Condition {
  readonly binding: Binding
  readonly literal: LiteralReader

  constructor (binding: Binding, literal: LiteralReader) {
    this.binding = binding
    this.literal = literal
  }

  test (peerValues: PeerValues): Truth {
    const value = this.#ask(peerValues)
    return value === undefined ? UNKNOWN : this.#compare(value, peerValues.of(value.field), peerValues)
  }

  /** The same for one of several names of the certificate, which has these texts. */
  testTexts (texts: readonly string[], peerValues: PeerValues): Truth {
    const value = this.#ask(peerValues)
    return value === undefined ? UNKNOWN : this.#compare(value, texts, peerValues)
  }

  #ask ({ circumstances }: PeerValues): FieldValue | undefined {
    const [text, ...others] = circumstances.ask(this.binding)
    const value = text === undefined || others.length > 0 ? undefined : this.literal.read(text)
    if (value === undefined) circumstances.isRequestIncomplete = true
    return value
  }

  #compare ({ key }: FieldValue, keys: readonly string[] | undefined, { peer }: PeerValues): Truth {
    if (keys === undefined) return UNKNOWN
    if (!keys.includes(key)) return FALSE
    // One that cannot be compared counts too.
    return this.literal.count(peer) === 1 ? TRUE : UNKNOWN
  }
}
