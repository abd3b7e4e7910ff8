import type { AuthorityFile } from './authority-file.ts'
import type { AuthorityEntry } from './authority-entry.ts'

/** An authority with its settings and the certificates of its files. */
export interface NamedAuthority extends Omit<AuthorityEntry, 'paths'> {
  readonly ca: readonly AuthorityFile[]
  /** CAs that paths may go through, and whose CRLs are accepted. */
  readonly known: readonly AuthorityFile[]
  readonly crlPaths: readonly string[]
}

/** Whose certificates are verified. */
export type Side = 'clients' | 'servers' | 'both'

export function vouchesFor ({ use }: Pick<NamedAuthority, 'use'>, side: Side): boolean {
  return use === 'both' || side === 'both' || use === side
}
