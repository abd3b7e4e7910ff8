import { MTLS_ERR_RULE_INVALID } from './errors.ts'
import type { RulePath } from './rule-path.ts'

/**
 * Why a rule was refused.
 *
 * - `unknown_key`: no such key; the message names the nearest one.
 * - `wrong_type`: a value of another type than expected, `undefined` and holes in arrays included.
 * - `empty`: an empty rule set, rule, array or text, which would allow everyone or no one by mistake.
 * - `duplicate_key`: a key and its short form, or two names of one attribute.
 * - `unknown_group`, `group_cycle`: a group that is not declared, or one that holds itself.
 * - `unknown_authority`: an authority that is not among those that the rules are compiled with.
 * - `invalid_value`: a value that its key cannot have (a malformed address, name, fingerprint, OID).
 * - `never_matches`: a value that no certificate can have, or that no authority vouches for. The rule would silently
 *   allow nobody.
 * - `issuer_missing`: a serial number without its issuer says nothing, since every CA counts its own.
 * - `too_deep`: rules nested beyond 16 levels.
 */
export type RuleInvalidReason =
  | 'unknown_key' | 'wrong_type' | 'empty' | 'duplicate_key' | 'unknown_group' | 'group_cycle' | 'invalid_value' | 'never_matches' | 'issuer_missing' | 'too_deep'
  | 'unknown_authority'

/** What `MTLS_ERR_RULE_INVALID` carries. */
export interface RuleInvalidError extends Error {
  readonly code: 'MTLS_ERR_RULE_INVALID'
  readonly reason: RuleInvalidReason
  /** Where, for example `config.allowedClients[1].spiffe[0]`. */
  readonly path: string
  /** What stands there, shortened. */
  readonly found: string
  /** What may stand there. */
  readonly expected: string
}

/** Throws `MTLS_ERR_RULE_INVALID`. `found` is described by type where it is no text; `hint` ends the message. */
export function refuseRule (path: RulePath, reason: RuleInvalidReason, found: unknown, expected: string, hint = ''): never {
  const where = path.toString()
  const shown = describeFound(found)
  const message = `${where}: found ${shown}, expected ${expected}${hint === '' ? '' : `; ${hint}`}`
  throw Object.assign(new MTLS_ERR_RULE_INVALID(message), { reason, path: where, found: shown, expected })
}

/** A text in quotes, shortened. */
export function quote (text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text)
}

function describeFound (value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array'
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null) return Reflect.ownKeys(value).length === 0 ? 'an empty object' : 'an object'
  return typeof value === 'bigint' ? `${value}n` : String(value)
}
