import type { ClaimKind } from '@peerkit/identity'
import { NameBounds } from '@peerkit/trust'
import type { TrustSnapshot } from '../credential-snapshot.ts'
import { vouchesFor } from './authorities-of.ts'
import type { SnapshotAuthority } from './snapshot-authority.ts'

/** What rules need to know of an authority; see `RuleAuthority` of @peerkit/rules. */
export interface RuleAuthority {
  readonly name: string
  /** Set if the authority is only for the other side. */
  readonly only?: 'clients' | 'servers' | undefined
  vouchesFor (kind: ClaimKind): boolean
  mayClaim (kind: ClaimKind, value: string): boolean
}

const known = new WeakMap<SnapshotAuthority, NameBounds>()

/**
 * Returns the limits of the names that an authority may issue.
 *
 * @example
 * ```ts
 * const [authority] = credentials.current.authorities
 * if (authority !== undefined) console.log(boundsOf(authority).mayClaim('dns', 'ledger.example')) // true
 * ```
 */
export function boundsOf (authority: SnapshotAuthority): NameBounds {
  const bounds = known.get(authority) ?? new NameBounds(authority.names, `authorities.${authority.name}.names`)
  known.set(authority, bounds)
  return bounds
}

/**
 * Returns the authorities of a snapshot as `compileRules` of @peerkit/rules takes them.
 *
 * @param snapshot the snapshot in use
 * @param side whether the rules are for clients or servers; authorities for the other side have `only`
 * @example
 * ```ts
 * const authorities = ruleAuthoritiesOf(credentials.current, 'clients')
 * console.log(authorities.map(({ name }) => name)) // [ 'default' ]
 * ```
 */
export function ruleAuthoritiesOf (snapshot: TrustSnapshot, side: 'clients' | 'servers'): readonly RuleAuthority[] {
  return snapshot.authorities.map((authority) => {
    const bounds = boundsOf(authority)
    const only = vouchesFor(authority, side) ? undefined : side === 'clients' ? 'servers' : 'clients'
    return {
      name: authority.name,
      only,
      vouchesFor: (kind) => bounds.vouchesFor(kind),
      mayClaim: (kind, value) => bounds.mayClaim(kind, value)
    }
  })
}
