import type { AuthorityUse, SnapshotAuthority } from '@peerkit/credentials'
import type { ClaimKind } from '@peerkit/identity'
import { NameBounds } from '@peerkit/trust'
import type { AlgorithmPolicy, AuthorityNames } from '@peerkit/trust'
import { describeNames } from '../collect/describe-names.ts'

/** An authority in force. Its CAs and lists name it. */
export interface ShownAuthority<Client> {
  readonly name: string
  readonly for: AuthorityUse
  /** As it was configured. */
  readonly names: AuthorityNames
  /** The same in words, a line for each kind. */
  readonly vouchesFor: readonly string[]
  readonly notBelieved: readonly ClaimKind[]
  /** Whether paths may end at an intermediate. */
  readonly partial: boolean
  readonly algorithms: AlgorithmPolicy | undefined
  /** Until when clients with a certificate for servers alone are accepted, in milliseconds since the epoch. */
  readonly serverAuthOnlyUntil: number | undefined
  /** Whether it has CRLs, and a checker beside them. */
  readonly hasLists: boolean
  readonly hasChecker: boolean
  /** The clients seen that it vouches for. */
  readonly clients: readonly Client[]
}

export function describeAuthority<Client> (
  authority: SnapshotAuthority, clients: readonly Client[]
): ShownAuthority<Client> {
  const { name, for: use, names, partial, algorithms, serverAuthOnlyUntil, revocation, checker } = authority
  return {
    name,
    for: use,
    names,
    vouchesFor: describeNames(names).believed,
    notBelieved: new NameBounds(names, 'names').notBelieved,
    partial,
    algorithms,
    serverAuthOnlyUntil,
    hasLists: revocation !== undefined,
    hasChecker: checker !== undefined,
    clients
  }
}
