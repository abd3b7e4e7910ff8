import { MTLS_ERR_CREDENTIALS_OPTION } from './errors.ts'
import type { Clock } from './clock.ts'
import type { CheckOptions } from './check-options.ts'
import { findNearestName } from './nearest-name.ts'

/** The options that every source accepts. */
export const CHECK_OPTIONS: readonly string[] = ['use', 'chain', 'revocationPolicy', 'sendCaNames', 'clock']

const USES: readonly unknown[] = ['server', 'client', 'both', 'either', undefined]
const CHAINS: readonly unknown[] = ['required', 'reported', 'unchecked', undefined]

/**
 * Refuses unknown and missing options. For an unknown one it names the nearest known one.
 *
 * @throws MTLS_ERR_CREDENTIALS_OPTION
 */
export function checkKeys (
  options: unknown, known: readonly string[], required: readonly string[], what: string
): void {
  if (options === null || typeof options !== 'object') {
    const found = options === null ? 'null' : typeof options
    throw new MTLS_ERR_CREDENTIALS_OPTION(`${what} got ${found}; expected an object`)
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    const nearest = findNearestName(key, known)
    const hint = nearest === undefined ? `expected one of ${known.join(', ')}` : `did you mean "${nearest}"?`
    throw new MTLS_ERR_CREDENTIALS_OPTION(`unknown option "${key}" for ${what}; ${hint}`)
  }
  for (const key of required) {
    if ((options as Record<string, unknown>)[key] !== undefined) continue
    throw new MTLS_ERR_CREDENTIALS_OPTION(`${what} needs the option "${key}"; found none`)
  }
}

/** @throws MTLS_ERR_CREDENTIALS_OPTION */
export function checkCheckOptions ({ use, chain, sendCaNames = true, clock }: CheckOptions, what: string): void {
  const wrong = (option: string, found: string, expected: string): Error =>
    new MTLS_ERR_CREDENTIALS_OPTION(`${what} ${option} is ${found}; expected ${expected}`)
  if (!USES.includes(use)) throw wrong('use', show(use), '"server", "client", "both" or "either"')
  if (!CHAINS.includes(chain)) throw wrong('chain', show(chain), '"required", "reported" or "unchecked"')
  if (typeof sendCaNames !== 'boolean') throw wrong('sendCaNames', show(sendCaNames), 'true or false')
  const { now, schedule } = (clock ?? { now: checkKeys, schedule: checkKeys }) as Partial<Clock>
  if (typeof now === 'function' && typeof schedule === 'function') return
  throw wrong('clock', show(clock), 'an object with now() and schedule()')
}

/** Returns a number of milliseconds above 0, or the default. @throws MTLS_ERR_CREDENTIALS_OPTION */
export function checkDuration (value: unknown, fallback: number, what: string): number {
  if (value === undefined) return fallback
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value
  throw new MTLS_ERR_CREDENTIALS_OPTION(`${what} is ${show(value)}; expected milliseconds above 0`)
}

/** The longest text that an error quotes. A longer one may be a key, given to the wrong option. */
const LONGEST_SHOWN = 40

/** Shows a value in an error. Only for values that contain no secret. */
export function show (value: unknown): string {
  if (typeof value === 'string' && value.length > LONGEST_SHOWN) return `a text of ${value.length} characters`
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object' || value === null) return String(value)
  return value instanceof Date ? 'a Date' : Array.isArray(value) ? 'a list' : 'an object'
}
