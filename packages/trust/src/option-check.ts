import { MTLS_ERR_PATH_OPTION } from './errors.ts'

/** @throws MTLS_ERR_PATH_OPTION if an object has an unknown option */
export function checkKeys (value: unknown, known: readonly string[], name: string): void {
  if (typeof value !== 'object' || value === null) {
    throw new MTLS_ERR_PATH_OPTION(`${name} is ${describeType(value)}; expected an object`)
  }
  const unknown = Object.keys(value).find((key) => !known.includes(key))
  if (unknown === undefined) return
  throw new MTLS_ERR_PATH_OPTION(`unknown option "${unknown}" for ${name}; expected one of ${known.join(', ')}`)
}

/** @throws MTLS_ERR_PATH_OPTION */
export function checkFunction (value: unknown, name: string): void {
  if (typeof value === 'function') return
  throw new MTLS_ERR_PATH_OPTION(`${name} is ${describeType(value)}; expected a function`)
}

/** @throws MTLS_ERR_PATH_OPTION */
export function checkCount (value: unknown, name: string): void {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return
  throw new MTLS_ERR_PATH_OPTION(`${name} is ${String(value)}; expected a whole number of at least 0`)
}

/** @throws MTLS_ERR_PATH_OPTION */
export function checkList (value: unknown, name: string): void {
  if (!Array.isArray(value)) throw new MTLS_ERR_PATH_OPTION(`${name} is ${describeType(value)}; expected a list`)
}

/** The type of a value, for messages. */
export function describeType (value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : value instanceof Uint8Array ? 'bytes' : typeof value
}

/** The error for an invalid string. It shows the value, so do not use it for secrets. */
export function expected (where: string, found: string, what: string): Error {
  return new MTLS_ERR_PATH_OPTION(`${where} is ${JSON.stringify(found.slice(0, 100))}; expected ${what}`)
}
