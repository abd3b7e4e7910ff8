import type { ClaimKind } from '@peerkit/identity'
import { listWords } from './list-words.ts'
import type { RuleKey } from './rule-keys.ts'

/** The kinds of claims that rules can match, in the order of messages. */
export const READABLE_KINDS: readonly ClaimKind[] = ['subject', 'spiffe', 'dns', 'uri', 'email', 'ip', 'policy']

/** The kind of claim that a key matches. Keys without one do not depend on what an authority vouches for. */
export const KIND_OF_KEY: ReadonlyMap<RuleKey, ClaimKind> = new Map<RuleKey, ClaimKind>([
  ['subject', 'subject'], ['commonName', 'subject'], ['organization', 'subject'], ['organizationalUnit', 'subject'],
  ['spiffe', 'spiffe'], ['dns', 'dns'], ['uri', 'uri'], ['email', 'email'], ['ip', 'ip'], ['policy', 'policy'],
])

/** A set of kinds, as a number with a bit for each, because it is compared for every rule and authority. */
export function maskOf (...kinds: readonly ClaimKind[]): number {
  return kinds.reduce((mask, kind) => mask | (1 << READABLE_KINDS.indexOf(kind)), 0)
}

/** The kinds of a set as text: `subject and dns`. */
export function listKinds (mask: number): string {
  return listWords(READABLE_KINDS.filter((_, bit) => (mask >> bit) & 1))
}
