import type { PeerIdentity } from '@peerkit/identity'
import type { AllowRule } from '../language/allow-rule.ts'
import { SPELLINGS } from '../language/rule-keys.ts'
import type { RuleKey } from '../language/rule-keys.ts'
import { listFound } from './notes.ts'

/** The keys whose values can be listed without a rule. */
export type ListedKey = Exclude<keyof AllowRule, 'extension' | 'via' | 'not'>

/**
 * The values of a peer that a key of a rule is compared with, as explanations show them: at most ten, each shortened.
 *
 * @returns an empty list if the certificate has none; undefined if they are unknown, or the authority does not vouch
 *   for them
 * @example
 * ```ts
 * console.log(listPeerValues(peer, 'ou'), listPeerValues(peer, 'qualified')) // [ 'billing' ] []
 * ```
 */
export function listPeerValues (peer: PeerIdentity, key: ListedKey): readonly string[] | undefined {
  return listFound({ key: SPELLINGS.get(key) as RuleKey, values: [] }, peer)
}
