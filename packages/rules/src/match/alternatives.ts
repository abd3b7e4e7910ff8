import { AnyOfValues, createAnyOfValues } from './any-of-values.ts'
import type { Condition, PeerValues, Truth } from './condition.ts'
import { Matcher } from './matcher.ts'

/** Holds if any of several values matches, each a conjunction: `subject: [{ o: 'a', ou: 'b' }, …]`. */
export class AnyOfAlternatives implements Condition {
  readonly alternatives: readonly (readonly Condition[])[]
  #matcher: Matcher | undefined

  constructor (alternatives: readonly (readonly Condition[])[]) {
    this.alternatives = alternatives
  }

  test (peerValues: PeerValues): Truth {
    this.#matcher ??= new Matcher(this.alternatives.map((conditions) => ({ ordinal: 0, conditions })))
    return this.#matcher.test(peerValues)
  }
}

/** Alternatives of one value each become one condition. Otherwise each needs a clause of its own. */
export function joinAlternatives (alternatives: readonly (readonly Condition[])[]): readonly Condition[] {
  const [first, ...others] = alternatives
  if (first !== undefined && others.length === 0) return first
  const single = alternatives.flatMap((conditions) => {
    const [only] = conditions
    return conditions.length === 1 && only instanceof AnyOfValues ? [only] : []
  })
  if (single.length < alternatives.length) return [new AnyOfAlternatives(alternatives)]
  return [createAnyOfValues(single.flatMap(({ values }) => values))]
}
