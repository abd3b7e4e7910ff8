import type { TrustVersion } from '../evaluate/decision.ts'
import type { LoadedAuthority } from './load-authority.ts'

/**
 * Knows which decisions still hold after other authorities changed. Where hundreds of trust domains are federated, one
 * of them changes often. That is no reason to judge the peers of all others again.
 *
 * It knows this only of authorities for X.509-SVIDs: an SVID is of one trust domain, so no other authority can accept
 * it. All other decisions end with each new version of the authorities.
 */
export class OutlivingDecisions {
  /** Counts how often the authorities were read. */
  #reading = 0
  /** The reading that each version is of. */
  readonly #readingOf = new WeakMap<TrustVersion, number>()
  /** The reading since which nothing changed that decisions of an authority depend on. */
  #since: ReadonlyMap<string, number> = new Map()
  #authorities: readonly LoadedAuthority[] = []

  /** Call it when the authorities were read again. Without any, no decision outlives. */
  note (authorities: readonly LoadedAuthority[]): void {
    this.#reading += 1
    const before = new Set(this.#authorities)
    const after = new Set(authorities)
    const gone = this.#authorities.filter((authority) => !after.has(authority))
    const come = authorities.filter((authority) => !before.has(authority))
    // A leaf that is revoked by one authority is revoked for all.
    const isHarmless = come.every(({ revocation }) => revocation.length === 0)
    const isApart = (one: LoadedAuthority): boolean => [...gone, ...come].every((other) => {
      return other.spiffeOnly && !one.bounds.overlapsSpiffe(other.bounds)
    })
    this.#since = new Map(authorities.map((authority) => {
      const since = this.#since.get(authority.name)
      const isKept = since !== undefined && isHarmless && authority.spiffeOnly && before.has(authority) &&
        isApart(authority)
      return [authority.name, isKept ? since : this.#reading]
    }))
    this.#authorities = authorities
  }

  /** Call it with each new version. */
  add (version: TrustVersion): void { this.#readingOf.set(version, this.#reading) }

  /** Whether a decision of an authority still holds that was made at a version. Revocation is not asked. */
  has (authority: string, version: TrustVersion): boolean {
    const [reading, since] = [this.#readingOf.get(version), this.#since.get(authority)]
    return reading !== undefined && since !== undefined && since <= reading
  }
}
