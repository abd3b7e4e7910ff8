import { MTLS_ERR_PATH_OPTION } from './errors.ts'

/** @throws MTLS_ERR_PATH_OPTION where an object has an option that is not known */
export function checkKeys (value: unknown, known: readonly string[], name: string): void {
  if (typeof value !== 'object' || value === null) throw new MTLS_ERR_PATH_OPTION(`${name} is ${String(value)}; expected an object`)
  const unknown = Object.keys(value).find((key) => !known.includes(key))
  if (unknown !== undefined) throw new MTLS_ERR_PATH_OPTION(`${name} has no "${unknown}"; expected one of ${known.join(', ')}`)
}

/** @throws MTLS_ERR_PATH_OPTION */
export function checkFunction (value: unknown, name: string): void {
  if (typeof value !== 'function') throw new MTLS_ERR_PATH_OPTION(`${name} is ${value === undefined ? 'missing' : typeof value}; expected a function`)
}

/** @throws MTLS_ERR_PATH_OPTION */
export function checkCount (value: unknown, name: string): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new MTLS_ERR_PATH_OPTION(`${name} is ${String(value)}; expected a whole number of at least 0`)
}
