import type { AuthorityUse, CredentialSnapshot, SnapshotAuthority, TrustSnapshot } from '@peerkit/credentials'
import type { CertificateFlaw, ClaimKind, PeerIdentity } from '@peerkit/identity'
import { clip } from '@peerkit/identity/internal'
import { NameBounds, climbChain } from '@peerkit/trust'
import type { AlgorithmPolicy, AuthorityNames } from '@peerkit/trust'

/** A client in a list. */
export interface NamedClient { readonly key: string, readonly name: string, readonly lastSeen: number }

/** An authority in force. */
export interface ShownAuthority {
  readonly name: string
  readonly for: AuthorityUse
  /** As configured. */
  readonly names: AuthorityNames
  /** The same as text, a line for each kind. */
  readonly vouchesFor: readonly string[]
  readonly notBelieved: readonly ClaimKind[]
  /** Whether paths may end at an intermediate. */
  readonly partial: boolean
  readonly algorithms: AlgorithmPolicy | undefined
  /** Until when clients whose certificates have only serverAuth are accepted, in milliseconds since the epoch. */
  readonly serverAuthOnlyUntil: number | undefined
  /** The flaws of certificates that it tolerates. Usually empty. */
  readonly tolerate: readonly CertificateFlaw[]
  /** Whether it has CRLs. */
  readonly hasLists: boolean
  /** Whether it has another revocation checker. */
  readonly hasChecker: boolean
  /** The recent clients that it vouches for. */
  readonly clients: readonly NamedClient[]
}

export function describeAuthority (authority: SnapshotAuthority, clients: readonly NamedClient[]): ShownAuthority {
  const { name, for: use, names, partial, algorithms, serverAuthOnlyUntil, tolerate, revocation, checker } = authority
  return {
    name,
    for: use,
    names,
    vouchesFor: describeNames(names),
    notBelieved: new NameBounds(names, 'names').notBelieved,
    partial,
    algorithms,
    serverAuthOnlyUntil,
    tolerate,
    hasLists: revocation !== undefined,
    hasChecker: checker !== undefined,
    clients
  }
}

interface KindWords { readonly one: string, readonly within: string }

const KINDS: Readonly<Record<ClaimKind, KindWords>> = {
  subject: { one: 'subject', within: 'subjects with' },
  spiffe: { one: 'SPIFFE ID', within: 'SPIFFE IDs within' },
  dns: { one: 'DNS name', within: 'DNS names within' },
  uri: { one: 'other URI', within: 'other URIs within' },
  email: { one: 'mail address', within: 'mail addresses within' },
  ip: { one: 'IP address', within: 'IP addresses within' },
  upn: { one: 'user principal name', within: 'user principal names within' },
  policy: { one: 'certificate policy', within: 'certificate policies' },
  registeredId: { one: 'registered ID', within: 'registered IDs' },
  qualified: { one: 'qualified statement', within: 'qualified statements with' },
  admission: { one: 'admission', within: 'admissions with' },
  extension: { one: 'extension', within: 'extensions' }
}

/** The names that an authority vouches for, a line for each kind: `DNS names within partner.example`. */
export function describeNames (names: AuthorityNames): readonly string[] {
  if (names === 'any') return ['every name']
  const bounds = new NameBounds(names, 'names')
  const kinds = Object.keys(KINDS) as ClaimKind[]
  const known = kinds.filter((kind) => bounds.vouchesFor(kind))
  const believed = known.map((kind) => describeKind(kind, bounds.describe(kind)))
  return believed.length === 0 ? ['no name'] : believed
}

function describeKind (kind: ClaimKind, bound: string): string {
  const { one, within } = KINDS[kind]
  return bound === 'any' ? `any ${one}` : clip(`${within} ${bound}`)
}

/** `DNS name`, `subject`. */
export function describeKinds (kinds: readonly ClaimKind[]): readonly string[] {
  return kinds.map((kind) => KINDS[kind].one)
}

/** The side that an authority is for, as text. */
export function describeAuthorityUse (use: AuthorityUse): string {
  return use === 'both' ? 'clients and servers' : use
}

/** Whether to show authorities. A single authority without limits, as with the option `ca`, is not shown. */
export function hasNamedAuthorities ({ authorities }: Pick<TrustSnapshot, 'authorities'>): boolean {
  const [only, ...others] = authorities
  if (only === undefined || others.length > 0 || only.name !== 'default') return true
  const { for: use, names, partial, algorithms, serverAuthOnlyUntil, tolerate } = only
  return use !== 'both' || names !== 'any' || partial || algorithms !== undefined ||
    serverAuthOnlyUntil !== undefined || tolerate.length > 0
}

/** Whether to show the authority of a certificate. That of the option `ca` is not shown: it vouches for everything. */
export function isAuthorityShown (
  { authority, notBelieved }: Pick<PeerIdentity, 'authority' | 'notBelieved'>
): boolean {
  return authority !== undefined && (authority !== 'default' || notBelieved.length > 0)
}

/**
 * The authority of a client in the current credentials: the one with its CA. If several have it, as trust domains may,
 * or the CA is not known (a gateway may forward too little), the one with the name of its authority.
 */
export function findAuthority (identity: PeerIdentity, snapshot: CredentialSnapshot): SnapshotAuthority | undefined {
  const anchor = findAnchor(identity, snapshot)
  const named = snapshot.authorities.find(({ name }) => name === identity.authority)
  if (anchor === undefined || named?.anchors.includes(anchor) === true) return named
  return snapshot.authorities.find(({ anchors }) => anchors.includes(anchor))
}

const knownAnchors = new WeakMap<CredentialSnapshot, WeakMap<PeerIdentity, PeerIdentity | null>>()

/** The trusted CA of a certificate. Undefined if none is found. Cached for each snapshot. */
export function findAnchor (identity: PeerIdentity, snapshot: CredentialSnapshot): PeerIdentity | undefined {
  let own = knownAnchors.get(snapshot)
  if (own === undefined) knownAnchors.set(snapshot, own = new WeakMap())
  let anchor = own.get(identity)
  if (anchor === undefined) {
    anchor = findTop(identity, snapshot.anchors, snapshot) ?? null
    own.set(identity, anchor)
  }
  return anchor ?? undefined
}

/** The removed CA of a certificate that has no trusted CA. */
export function findFormerAnchor (
  identity: PeerIdentity, snapshot: CredentialSnapshot, formers: ReadonlyArray<{ readonly identity: PeerIdentity }>
): PeerIdentity | undefined {
  if (formers.length === 0 || findAnchor(identity, snapshot) !== undefined) return undefined
  return findTop(identity, formers.map((former) => former.identity), snapshot)
}

/**
 * Finds the anchor of a certificate. The chain of an accepted client was validated and ends at its CA. It is empty if
 * the client certificate itself is trusted. For other certificates the signatures are checked.
 */
function findTop (
  identity: PeerIdentity, anchors: readonly PeerIdentity[], { candidates }: CredentialSnapshot
): PeerIdentity | undefined {
  const top = (identity.chain ?? climbChain(identity, [...anchors, ...candidates])).at(-1) ?? identity
  return anchors.find(({ fingerprint256 }) => fingerprint256 === top.fingerprint256)
}
