import { RuleInvalidError } from './errors.ts'
import type { RuleInvalidReason } from './errors.ts'
import type { RulePath } from './rule-path.ts'

/**
 * Throws a {@link RuleInvalidError}.
 *
 * @param found the value; only its type is shown if it is not a string
 * @param hint added to the end of the message
 */
export function refuseRule (
  path: RulePath, reason: RuleInvalidReason, found: unknown, expected: string, hint = ''
): never {
  const fault = { reason, path: path.toString(), found: describeFound(found), expected }
  const detail = `${fault.path}: found ${fault.found}, expected ${expected}${hint === '' ? '' : `; ${hint}`}`
  throw new RuleInvalidError(detail, fault)
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
