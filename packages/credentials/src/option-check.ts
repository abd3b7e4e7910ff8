import { MTLS_ERR_CREDENTIALS_OPTION } from './errors.ts'
import type { Clock } from './clock.ts'
import type { CheckOptions } from './check-options.ts'
import { findNearestName } from './nearest-name.ts'

/** The options that every source takes. */
export const CHECK_OPTIONS: readonly string[] = ['use', 'chain', 'revocationPolicy', 'clock']

const USES: readonly unknown[] = ['server', 'client', 'both', 'either', undefined]
const CHAINS: readonly unknown[] = ['required', 'reported', 'unchecked', undefined]

/** Refuses unknown options, naming the nearest known one, and missing ones. @throws MTLS_ERR_CREDENTIALS_OPTION */
export function checkKeys (options: unknown, known: readonly string[], required: readonly string[], what: string): void {
  if (options === null || typeof options !== 'object') throw new MTLS_ERR_CREDENTIALS_OPTION(`${what} got ${options === null ? 'null' : typeof options}; expected an object`)
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    const nearest = findNearestName(key, known)
    throw new MTLS_ERR_CREDENTIALS_OPTION(`${what} knows no option "${key}"; ${nearest === undefined ? `expected one of ${known.join(', ')}` : `did you mean "${nearest}"?`}`)
  }
  for (const key of required) {
    if ((options as Record<string, unknown>)[key] === undefined) throw new MTLS_ERR_CREDENTIALS_OPTION(`${what} needs the option "${key}"; found none`)
  }
}

/** @throws MTLS_ERR_CREDENTIALS_OPTION */
export function checkCheckOptions ({ use, chain, clock }: CheckOptions, what: string): void {
  if (!USES.includes(use)) throw new MTLS_ERR_CREDENTIALS_OPTION(`${what} use is ${show(use)}; expected "server", "client", "both" or "either"`)
  if (!CHAINS.includes(chain)) throw new MTLS_ERR_CREDENTIALS_OPTION(`${what} chain is ${show(chain)}; expected "required", "reported" or "unchecked"`)
  const { now, schedule } = (clock ?? { now: checkKeys, schedule: checkKeys }) as Partial<Clock>
  if (typeof now !== 'function' || typeof schedule !== 'function') throw new MTLS_ERR_CREDENTIALS_OPTION(`${what} clock is ${typeof clock}; expected an object with now() and schedule()`)
}

/** A number of milliseconds above 0, or the default. @throws MTLS_ERR_CREDENTIALS_OPTION */
export function checkDuration (value: unknown, fallback: number, what: string): number {
  if (value === undefined) return fallback
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) throw new MTLS_ERR_CREDENTIALS_OPTION(`${what} is ${show(value)}; expected milliseconds above 0`)
  return value
}

/** For values that hold no secret. */
export function show (value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object' || value === null) return String(value)
  return value instanceof Date ? 'a Date' : Array.isArray(value) ? 'a list' : 'an object'
}
