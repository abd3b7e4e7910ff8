import type { CredentialSource, TrustSource } from '@peerkit/credentials'
import { isThenable } from '@peerkit/identity/internal'
import { MTLS_ERR_SERVER_OPTION } from './errors.ts'
import { findNearestName } from './nearest-name.ts'

/** Refuses unknown options. @throws MTLS_ERR_SERVER_OPTION naming the option, and the nearest one or all known ones */
export function checkKeys (options: unknown, known: readonly string[], what: string): void {
  if (options === null || typeof options !== 'object') {
    throw new MTLS_ERR_SERVER_OPTION(
      `options of ${what} is ${options === null ? 'null' : typeof options}; expected an object`
    )
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    const nearest = findNearestName(key, known)
    const hint = nearest === undefined ? `expected one of ${known.join(', ')}` : `did you mean "${nearest}"?`
    throw new MTLS_ERR_SERVER_OPTION(`unknown option "${key}" for ${what}; ${hint}`)
  }
}

/**
 * Refuses options that are not a plain object: inherited, hidden and accessor properties would be dropped when the
 * options are copied, and with them what they protect.
 *
 * @throws MTLS_ERR_SERVER_OPTION
 */
export function checkPlainObject (value: unknown, what: string): void {
  const found = value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value
  if (found !== 'object') throw new MTLS_ERR_SERVER_OPTION(`${what} is ${found}; expected an object`)
  const prototype: unknown = Object.getPrototypeOf(value)
  // An Object.prototype, also that of another realm: it alone has no prototype and these methods.
  const isPlain = prototype === null ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf'))
  const properties = Object.values(Object.getOwnPropertyDescriptors(value as object))
  if (isPlain && properties.every(({ enumerable, get }) => enumerable === true && get === undefined)) return
  throw new MTLS_ERR_SERVER_OPTION(
    `${what} is an object with inherited, hidden or computed properties; expected a plain object such as { a: 1 }`
  )
}

/** @throws MTLS_ERR_SERVER_OPTION if `credentials` is not a credential source */
export function checkCredentials (credentials: unknown): void {
  const found = credentials as { current?: { cert?: unknown, ca?: unknown }, subscribe?: unknown } | null | undefined
  if (found === null || typeof found !== 'object' || typeof found.subscribe !== 'function' ||
    found.current?.cert === undefined) {
    const hint = isThenable(found) ? 'a Promise (await it)' : found === null ? 'null' : typeof found
    throw new MTLS_ERR_SERVER_OPTION(
      `credentials is ${hint}; expected a credential source such as fileCredentials() returns`
    )
  }
  checkOpen(credentials as CredentialSource, 'the credentials')
}

/** A closed source would never rotate. @throws MTLS_ERR_SERVER_OPTION */
export function checkOpen ({ closed }: TrustSource, what: string): void {
  if (closed === true) throw new MTLS_ERR_SERVER_OPTION(`${what} are closed; expected an open source`)
}

/** @throws MTLS_ERR_SERVER_OPTION if a value is given and not one of those allowed */
export function checkChoice (value: unknown, allowed: readonly unknown[], what: string): void {
  if (value === undefined || allowed.includes(value)) return
  throw new MTLS_ERR_SERVER_OPTION(`${what} is ${show(value)}; expected ${allowed.map(show).join(' or ')}`)
}

/**
 * @throws MTLS_ERR_SERVER_OPTION if a value is given and is not a number of milliseconds above 0 that a timer accepts
 */
export function checkDuration (value: unknown, what: string): void {
  if (value === undefined || (typeof value === 'number' && value > 0 && value <= 0x7fff_ffff)) return
  throw new MTLS_ERR_SERVER_OPTION(`${what} is ${show(value)}; expected milliseconds above 0 and at most 2,147,483,647`)
}

/** @throws MTLS_ERR_SERVER_OPTION if a value is given and lacks one of the methods */
export function checkMethods (value: unknown, methods: readonly string[], what: string): void {
  if (value === undefined) return
  const found = value as Record<string, unknown> | null
  const missing = methods.find((method) => found === null || typeof found[method] !== 'function')
  if (missing === undefined) return
  const expected = `an object with ${methods.join('(), ')}()`
  const kind = value === null ? 'null' : typeof value
  throw new MTLS_ERR_SERVER_OPTION(`${what} is ${kind} without ${missing}(); expected ${expected}`)
}

/** The longest text that an error quotes. A longer one may be a key, given to the wrong option. */
const LONGEST_SHOWN = 40

function show (value: unknown): string {
  if (typeof value === 'string' && value.length > LONGEST_SHOWN) return `a text of ${value.length} characters`
  return typeof value === 'string'
    ? JSON.stringify(value)
    : typeof value === 'object' && value !== null ? 'an object' : String(value)
}
