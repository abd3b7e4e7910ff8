import type { ClaimKind } from '@peerkit/identity'

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
