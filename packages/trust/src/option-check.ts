import { MTLS_ERR_PATH_OPTION } from './errors.ts'

/** @throws MTLS_ERR_PATH_OPTION where an object has an option that is not known */
export function checkKeys (value: unknown, known: readonly string[], name: string): void {
  if (typeof value !== 'object' || value === null) throw new MTLS_ERR_PATH_OPTION(`${name} is ${describeType(value)}; expected an object`)
  const unknown = Object.keys(value).find((key) => !known.includes(key))
  if (unknown !== undefined) throw new MTLS_ERR_PATH_OPTION(`${name} has no "${unknown}"; expected one of ${known.join(', ')}`)
}

/** @throws MTLS_ERR_PATH_OPTION */
export function checkFunction (value: unknown, name: string): void {
  if (typeof value !== 'function') throw new MTLS_ERR_PATH_OPTION(`${name} is ${describeType(value)}; expected a function`)
}

/** @throws MTLS_ERR_PATH_OPTION */
export function checkCount (value: unknown, name: string): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new MTLS_ERR_PATH_OPTION(`${name} is ${String(value)}; expected a whole number of at least 0`)
}

/** @throws MTLS_ERR_PATH_OPTION */
export function checkList (value: unknown, name: string): void {
  if (!Array.isArray(value)) throw new MTLS_ERR_PATH_OPTION(`${name} is ${describeType(value)}; expected a list`)
}

/** What a value is, for messages. */
export function describeType (value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : value instanceof Uint8Array ? 'bytes' : typeof value
}

/** The error for a text that is none of what was expected. For values that hold no secret. */
export function expected (where: string, found: string, what: string): Error {
  return new MTLS_ERR_PATH_OPTION(`${where} is ${JSON.stringify(found.slice(0, 100))}; expected ${what}`)
}
