import type { FlatRules } from './flat-rules.ts'
import type { RequestUse } from './language/request-value.ts'
import type { TemporaryRule } from './language/rule-period.ts'

const NONE: readonly never[] = Object.freeze([])

/** What the verdicts of a rule set depend on besides the identity. */
export class Dependencies {
  /** The values of the request that rules name. */
  readonly requestValues: readonly RequestUse[]
  readonly #flat: FlatRules
  #temporary: readonly TemporaryRule[] | undefined
  #moments: readonly number[] | undefined

  constructor (flat: FlatRules) {
    this.#flat = flat
    const own = flat.rules.flatMap(({ rule: { dependencies } }) => (dependencies?.bindings ?? []).map((binding) => {
      const { source, name, path } = binding
      return Object.freeze({ source, name, path: path.toString() })
    }))
    const all = [...own, ...flat.packed.flatMap(({ set }) => set.requestValues)]
    this.requestValues = all.length === 0 ? NONE : Object.freeze(all)
  }

  /** The rules that hold for a time. */
  get temporary (): readonly TemporaryRule[] {
    if (this.#temporary === undefined) {
      const { rules, packed } = this.#flat
      const own = rules.flatMap(({ rule: { path, dependencies } }) => {
        const period = dependencies?.period
        return period === undefined ? [] : [Object.freeze({ path: path.toString(), ...period })]
      })
      const all = [...own, ...packed.flatMap(({ set }) => set.temporary())]
      this.#temporary = all.length === 0 ? NONE : Object.freeze(all)
    }
    return this.#temporary
  }

  /** The moments at which one of them begins or ends, ascending. */
  get moments (): readonly number[] {
    if (this.#moments === undefined) {
      const { rules, packed } = this.#flat
      const own = rules.flatMap(({ rule: { dependencies } }) => {
        const period = dependencies?.period
        return period === undefined ? [] : [period.from, period.until]
      })
      const all = new Set([...own, ...packed.flatMap(({ set }) => set.moments())].filter(Number.isFinite))
      this.#moments = all.size === 0 ? NONE : Object.freeze([...all].sort((a, b) => a - b))
    }
    return this.#moments
  }
}
