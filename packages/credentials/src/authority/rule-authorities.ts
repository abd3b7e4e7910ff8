import type { ClaimKind } from '@peerkit/identity'
import { NameBounds } from '@peerkit/trust'
import type { TrustSnapshot } from '../credential-snapshot.ts'
import { vouchesFor } from './authorities-of.ts'
import type { SnapshotAuthority } from './snapshot-authority.ts'

/** An authority as rules ask about it; see `RuleAuthority` of @peerkit/rules. */
export interface RuleAuthority {
  readonly name: string
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

/** The authorities of one side, in the form that `compileRules` of @peerkit/rules takes. */
export function ruleAuthoritiesOf (snapshot: TrustSnapshot, side: 'clients' | 'servers'): readonly RuleAuthority[] {
  return snapshot.authorities.filter((authority) => vouchesFor(authority, side)).map((authority) => {
    const bounds = boundsOf(authority)
    return { name: authority.name, vouchesFor: (kind) => bounds.vouchesFor(kind), mayClaim: (kind, value) => bounds.mayClaim(kind, value) }
  })
}
