import { MTLS_ERR_RULE_INVALID } from './errors.ts'
import type { RulePath } from './rule-path.ts'

/**
 * Why a rule was refused.
 *
 * - `unknown_key`: an unknown key; the message suggests the nearest one.
 * - `wrong_type`: a value of the wrong type, also `undefined` and holes in arrays.
 * - `empty`: an empty rule set, rule, array or string, which would allow everyone or no one by mistake.
 * - `duplicate_key`: a key and its short form, or two names of one attribute.
 * - `unknown_group`, `group_cycle`: a group that is not declared, or one that contains itself.
 * - `unknown_authority`: an authority that is not among the option `authorities`.
 * - `invalid_value`: a value that is malformed for its key (address, name, fingerprint, OID).
 * - `never_matches`: a value that no certificate can have, or that no authority vouches for. The rule would allow no
 *   one.
 * - `issuer_missing`: a serial number without `issuer`. Every CA has its own serial numbers.
 * - `too_deep`: rules nested more than 16 levels deep.
 */
export type RuleInvalidReason =
  | 'unknown_key' | 'wrong_type' | 'empty' | 'duplicate_key' | 'unknown_group' | 'group_cycle' | 'invalid_value'
  | 'never_matches' | 'issuer_missing' | 'too_deep' | 'unknown_authority'

/** The properties of an `MTLS_ERR_RULE_INVALID` error. */
export interface RuleInvalidError extends Error {
  readonly code: 'MTLS_ERR_RULE_INVALID'
  readonly reason: RuleInvalidReason
  /** The path of the value, for example `config.allowedClients[1].spiffe[0]`. */
  readonly path: string
  /** The value at that path, shortened. */
  readonly found: string
  /** What is allowed there. */
  readonly expected: string
}

/**
 * Throws `MTLS_ERR_RULE_INVALID`.
 *
 * @param found the value; only its type is shown if it is not a string
 * @param hint added to the end of the message
 */
export function refuseRule (
  path: RulePath, reason: RuleInvalidReason, found: unknown, expected: string, hint = ''
): never {
  const where = path.toString()
  const shown = describeFound(found)
  const message = `${where}: found ${shown}, expected ${expected}${hint === '' ? '' : `; ${hint}`}`
  throw Object.assign(new MTLS_ERR_RULE_INVALID(message), { reason, path: where, found: shown, expected })
}

/** A string in quotes, shortened. */
export function quote (text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text)
}

function describeFound (value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array'
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null) {
    return Reflect.ownKeys(value).length === 0 ? 'an empty object' : 'an object'
  }
  return typeof value === 'bigint' ? `${value}n` : String(value)
}
