import type { AuthorityUse, SnapshotAuthority } from '@peerkit/credentials'
import type { CertificateFlaw, ClaimKind } from '@peerkit/identity'
import { NameBounds } from '@peerkit/trust'
import type { AlgorithmPolicy, AuthorityNames } from '@peerkit/trust'
import { describeNames } from '../collect/describe-names.ts'

/** An authority in force. */
export interface ShownAuthority<Client> {
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
  readonly clients: readonly Client[]
}

export function describeAuthority<Client> (
  authority: SnapshotAuthority, clients: readonly Client[]
): ShownAuthority<Client> {
  const { name, for: use, names, partial, algorithms, serverAuthOnlyUntil, tolerate, revocation, checker } = authority
  return {
    name,
    for: use,
    names,
    vouchesFor: describeNames(names).believed,
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
