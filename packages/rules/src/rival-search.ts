import type { Authorities } from './rule-authority.ts'
import { mayClaim } from './rule-claims.ts'
import type { KeyClaims } from './rule-claims.ts'

/**
 * Asks authorities one by one whether they may claim the values of a rule. It stops when one may and, if rivals matter,
 * when two may claim the same value of every key. Two that may claim different values only are not rivals.
 */
export class RivalSearch {
  /** Whether any authority may claim a value of every key. */
  isPossible = false
  rivals: readonly [string, string] | undefined
  readonly #claims: readonly KeyClaims[]
  readonly #authorities: Authorities
  readonly #firstOnly: boolean
  /** By key and value: the first authority that may claim it. */
  readonly #claimants: (number | undefined)[][]
  #first: number | undefined

  /** @param firstOnly whether rivals do not matter */
  constructor (claims: readonly KeyClaims[], authorities: Authorities, firstOnly: boolean) {
    this.#claims = claims
    this.#authorities = authorities
    this.#firstOnly = firstOnly
    this.#claimants = firstOnly ? [] : claims.map(() => [])
  }

  /** @returns whether no other needs to be asked */
  ask (index: number): boolean {
    if (this.#firstOnly) {
      this.isPossible = mayClaimAll(this.#claims, this.#authorities, index)
      return this.isPossible
    }
    const rows: boolean[][] = []
    for (const { alternatives } of this.#claims) {
      const row = alternatives.map((one) => mayClaim(one, this.#authorities, index))
      if (!row.includes(true)) return false
      rows.push(row)
    }
    this.isPossible = true
    this.#first ??= index
    const others = rows.length === 0 ? [this.#first] : rows.map((row, key) => this.#enter(row, key, index))
    const [other] = others
    if (other === undefined || other === index || others.includes(undefined)) return false
    this.rivals = [this.#authorities.nameOf(other), this.#authorities.nameOf(index)]
    return true
  }

  /** Records which values an authority may claim. Returns another authority that may claim one of them. */
  #enter (row: readonly boolean[], key: number, index: number): number | undefined {
    const claimants = this.#claimants[key] as (number | undefined)[]
    let other: number | undefined
    for (const [value, may] of row.entries()) {
      if (!may) continue
      other ??= claimants[value]
      claimants[value] ??= index
    }
    return other
  }
}

/** Whether an authority may claim some value of every key. */
export function mayClaimAll (claims: readonly KeyClaims[], authorities: Authorities, index: number): boolean {
  return claims.every(({ alternatives }) => alternatives.some((one) => mayClaim(one, authorities, index)))
}
