import type { ClaimKind } from '@peerkit/identity'
import type { RevocationChecker } from '@peerkit/revocation'
import { NameBounds } from '@peerkit/trust'
import type { Authority } from '@peerkit/trust'
import type { SnapshotAuthority, TrustSnapshot, TrustSource } from '../sources/credential-snapshot.ts'

/**
 * Returns the authorities of a snapshot for one side, in their declared order, as `createTrustEvaluator` of
 * @peerkit/trust takes them.
 *
 * @param snapshot the snapshot in use
 * @param side whether the peers are clients or servers
 * @param revocation an additional checker; it, the CRLs and the checker of each authority must all accept a certificate
 * @example
 * ```ts
 * const evaluator = createTrustEvaluator({
 *   authorities: () => authoritiesOf(credentials.current, 'clients'),
 *   version: () => credentials.current.trustEpoch
 * })
 * ```
 */
export function authoritiesOf (
  { authorities }: TrustSnapshot, side: 'clients' | 'servers', revocation?: RevocationChecker
): readonly Authority[] {
  return authorities.filter((authority) => vouchesFor(authority, side)).map((authority) => {
    const known = made.get(authority)
    if (known !== undefined && known.revocation === revocation) return known.authority
    const fresh = makeAuthority(authority, revocation)
    made.set(authority, { authority: fresh, revocation })
    return fresh
  })
}

/** The same object as long as the authority is the same, so that an evaluator need not load it again. */
const made = new WeakMap<
  SnapshotAuthority, { readonly authority: Authority, readonly revocation: RevocationChecker | undefined }
>()

function makeAuthority (given: SnapshotAuthority, revocation: RevocationChecker | undefined): Authority {
  const { name, names, partial, spiffeOnly, algorithms, serverAuthOnlyUntil, tolerate, anchors, candidates } = given
  return Object.freeze({
    name,
    names,
    partial,
    ca: anchors,
    intermediates: candidates,
    revocation: Object.freeze([...checkersOf(given), revocation].filter((checker) => checker !== undefined)),
    ...(spiffeOnly && { spiffeOnly }),
    ...(algorithms !== undefined && { algorithms }),
    ...(serverAuthOnlyUntil !== undefined && { serverAuthOnlyUntil }),
    ...(tolerate.length > 0 && { tolerate })
  })
}

/**
 * Says whether an authority may issue certificates of clients, or of servers.
 *
 * @example
 * ```ts
 * const forClients = credentials.current.authorities.filter((authority) => vouchesFor(authority, 'clients'))
 * ```
 */
export function vouchesFor ({ for: use }: Pick<SnapshotAuthority, 'for'>, side: 'clients' | 'servers'): boolean {
  return use === 'both' || use === side
}

/**
 * Lists the revocation checkers of all authorities of a snapshot, or of those for one side.
 *
 * @example
 * ```ts
 * const ends = listCheckers(credentials.current, 'clients').map((checker) => checker.subscribe(() => {}))
 * ```
 */
export function listCheckers (
  { authorities }: TrustSnapshot, side?: 'clients' | 'servers'
): readonly RevocationChecker[] {
  return authorities.filter((authority) => side === undefined || vouchesFor(authority, side)).flatMap(checkersOf)
}

/**
 * Lists the revocation checkers of an authority: that of its CRLs, and its option `checker`.
 *
 * @example
 * ```ts
 * const checked = credentials.current.authorities.filter((authority) => checkersOf(authority).length > 0)
 * ```
 */
export function checkersOf ({ revocation, checker }: SnapshotAuthority): readonly RevocationChecker[] {
  return [revocation, checker].filter((each) => each !== undefined)
}

/** What rules need to know of an authority; see `RuleAuthority` of @peerkit/rules. */
export interface RuleAuthority {
  readonly name: string
  /** Set if the authority is only for the other side. */
  readonly only?: 'clients' | 'servers' | undefined
  /** Set if it stands for authorities that may be added: whether one of them may have this name. */
  awaits?: ((name: string) => boolean) | undefined
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
 * @param source the source of the snapshot; with it, one more authority stands for those that the source may add
 * @example
 * ```ts
 * const authorities = ruleAuthoritiesOf(credentials.current, 'clients')
 * console.log(authorities.map(({ name }) => name)) // [ 'default' ]
 * ```
 */
export function ruleAuthoritiesOf (
  snapshot: TrustSnapshot, side: 'clients' | 'servers', source: Pick<TrustSource, 'mayAdd'> = {}
): readonly RuleAuthority[] {
  const inForce = snapshot.authorities.map((authority): RuleAuthority => {
    const bounds = boundsOf(authority)
    const only = vouchesFor(authority, side) ? undefined : side === 'clients' ? 'servers' : 'clients'
    return {
      name: authority.name,
      only,
      vouchesFor: (kind) => bounds.vouchesFor(kind),
      mayClaim: (kind, value) => bounds.mayClaim(kind, value)
    }
  })
  return source.mayAdd === undefined ? inForce : [...inForce, awaitedOf(source)]
}

/** Stands for the trust domains that a source may add. */
function awaitedOf (source: Pick<TrustSource, 'mayAdd'>): RuleAuthority {
  return {
    name: 'a trust domain that is added later',
    awaits: (name) => source.mayAdd?.(name) === true,
    vouchesFor: (kind) => kind === 'spiffe',
    mayClaim: (_kind, value) => source.mayAdd?.(value.split('/')[2] ?? '') === true
  }
}
