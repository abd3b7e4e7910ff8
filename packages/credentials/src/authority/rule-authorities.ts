import type { ClaimKind } from '@peerkit/identity'
import { NameBounds } from '@peerkit/trust'
import type { TrustSnapshot } from '../credential-snapshot.ts'
import { vouchesFor } from './authorities-of.ts'
import type { SnapshotAuthority } from './snapshot-authority.ts'

/** An authority as rules ask about it; see `RuleAuthority` of @peerkit/rules. */
export interface RuleAuthority {
  readonly name: string
  readonly only?: 'clients' | 'servers' | undefined
  vouchesFor (kind: ClaimKind): boolean
  mayClaim (kind: ClaimKind, value: string): boolean
}

const known = new WeakMap<SnapshotAuthority, NameBounds>()

/** The names that an authority in force vouches for. */
export function boundsOf (authority: SnapshotAuthority): NameBounds {
  let bounds = known.get(authority)
  if (bounds === undefined) known.set(authority, bounds = new NameBounds(authority.names, `authorities.${authority.name}.names`))
  return bounds
}

/** The authorities as `compileRules` of @peerkit/rules takes them. Those that vouch for the other side alone have `only`. */
export function ruleAuthoritiesOf (snapshot: TrustSnapshot, side: 'clients' | 'servers'): readonly RuleAuthority[] {
  return snapshot.authorities.map((authority) => {
    const bounds = boundsOf(authority)
    const only = vouchesFor(authority, side) ? undefined : side === 'clients' ? 'servers' : 'clients'
    return { name: authority.name, only, vouchesFor: (kind) => bounds.vouchesFor(kind), mayClaim: (kind, value) => bounds.mayClaim(kind, value) }
  })
}
