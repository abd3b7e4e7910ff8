import type { FieldValue } from '../language/values/field-value.ts'
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
export class Alternatives {
  readonly #values: FieldValue[] = []
  readonly #rest: (readonly Condition[])[] = []

  add (conditions: readonly Condition[]): void {
    const [one] = conditions
    if (conditions.length === 1 && one instanceof AnyOfValues) this.#values.push(...one.values)
    else this.#rest.push(conditions)
  }

  join (): readonly Condition[] {
    const all = this.#values.length === 0 ? this.#rest : [[createAnyOfValues(this.#values)], ...this.#rest]
    return all.length < 2 ? all[0] ?? [] : [new AnyOfAlternatives(all)]
  }
}

/** The same for a list of alternatives. */
export function joinAlternatives (alternatives: readonly (readonly Condition[])[]): readonly Condition[] {
  const all = new Alternatives()
  for (const conditions of alternatives) all.add(conditions)
  return all.join()
}
