import type { ClaimKind } from '@peerkit/identity'
import { listWords } from './list-words.ts'
import type { RuleKey } from './rule-keys.ts'

/** The kinds of claims that rules can read, in the order in which texts name them. */
export const READABLE_KINDS: readonly ClaimKind[] = ['subject', 'spiffe', 'dns', 'uri', 'email', 'ip', 'policy']

/** What an authority must vouch for, so that a key is known. Other keys were verified, or are facts. */
export const KIND_OF_KEY: ReadonlyMap<RuleKey, ClaimKind> = new Map<RuleKey, ClaimKind>([
  ['subject', 'subject'], ['commonName', 'subject'], ['organization', 'subject'], ['organizationalUnit', 'subject'],
  ['spiffe', 'spiffe'], ['dns', 'dns'], ['uri', 'uri'], ['email', 'email'], ['ip', 'ip'], ['policy', 'policy'],
])

/** A set of kinds is a number with a bit for each: compared for every rule and authority. */
export function maskOf (...kinds: readonly ClaimKind[]): number {
  return kinds.reduce((mask, kind) => mask | (1 << READABLE_KINDS.indexOf(kind)), 0)
}

/** The kinds of a set in words: `subject and dns`. */
export function listKinds (mask: number): string {
  return listWords(READABLE_KINDS.filter((_, bit) => (mask >> bit) & 1))
}
