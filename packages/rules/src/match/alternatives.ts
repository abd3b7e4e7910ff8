import { AnyOfValues, createAnyOfValues } from './any-of-values.ts'
import type { Condition, PeerValues, Truth } from './condition.ts'
import { Matcher } from './matcher.ts'

/** Holds if any value of a key matches, each a conjunction: `subject: [{ o: 'a', ou: 'b' }, …]`. */
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

/** Those of one value of the certificate become one condition. Each of the others needs a clause of its own. */
export function joinAlternatives (alternatives: readonly (readonly Condition[])[]): readonly Condition[] {
  const [first, ...others] = alternatives
  if (first !== undefined && others.length === 0) return first
  const values = alternatives.flatMap((conditions) => isOneValue(conditions) ? conditions[0].values : [])
  const rest = alternatives.filter((conditions) => !isOneValue(conditions))
  const joined = values.length === 0 ? [] : [createAnyOfValues(values)]
  return rest.length === 0 ? joined : [new AnyOfAlternatives(joined.length === 0 ? rest : [joined, ...rest])]
}

function isOneValue (conditions: readonly Condition[]): conditions is readonly [AnyOfValues] {
  return conditions.length === 1 && conditions[0] instanceof AnyOfValues
}
