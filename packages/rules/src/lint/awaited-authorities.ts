import { listKinds, kindsOf } from './rule-authority.ts'
import type { Authorities, RuleAuthority } from './rule-authority.ts'
import { mayClaimAll } from './rule-claims.ts'
import type { AskedAuthorities, KeyClaims } from './rule-claims.ts'
import type { RuleDemand } from './rule-demand.ts'

/** The authorities that may be added while the process runs. */
export class AwaitedAuthorities implements AskedAuthorities {
  readonly list: readonly RuleAuthority[]
  readonly #authorities: Authorities
  readonly #kinds: readonly number[]

  constructor (authorities: Authorities) {
    this.#authorities = authorities
    this.list = authorities.awaited
    this.#kinds = this.list.map(kindsOf)
  }

  kindsOf (index: number): number {
    return this.#kinds[index] as number
  }

  /** Whether peers of an authority that is added may satisfy a rule. */
  maySatisfy (demand: RuleDemand, claims: readonly KeyClaims[]): boolean {
    return this.list.some((authority, index) => {
      const kinds = this.kindsOf(index)
      return isNamed(demand, this.#authorities, authority) && (demand.kinds & ~kinds) === 0 &&
        !demand.nots.some(({ named, kinds: failing, isOpen }) => {
          return !isOpen && named === undefined && (failing & kinds) === 0
        }) && mayClaimAll(claims, this, index)
    })
  }

  /** What they vouch for, for an error about a rule that names one of them. */
  describe (): string {
    return `an authority that is added later vouches for ${listKinds(this.#kinds.reduce((all, one) => all | one, 0))}`
  }
}

function isNamed ({ named }: RuleDemand, authorities: Authorities, { awaits }: RuleAuthority): boolean {
  return named === undefined || named.some((name) => authorities.awaits(name) && awaits?.(name) === true)
}
