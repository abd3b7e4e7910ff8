import { MTLS_ERR_MONITOR_OPTION } from './errors.ts'

/** Refuses options that are not known. @throws MTLS_ERR_MONITOR_OPTION */
export function checkKeys (options: unknown, known: readonly string[], what: string): void {
  if (options === null || typeof options !== 'object') throw new MTLS_ERR_MONITOR_OPTION(`${what} is ${options === null ? 'null' : typeof options}; expected an object`)
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new MTLS_ERR_MONITOR_OPTION(`${what} knows no "${key}"; expected ${known.join(', ')}`)
  }
}

/** A number within bounds, or what it is by default. @throws MTLS_ERR_MONITOR_OPTION */
export function checkNumber (value: number | undefined, fallback: number, what: string, least: number, most: number = Number.MAX_SAFE_INTEGER): number {
  const number = value ?? fallback
  if (typeof number !== 'number' || !(number >= least && number <= most)) throw new MTLS_ERR_MONITOR_OPTION(`${what} is ${String(number)}; expected a number from ${least} to ${most}`)
  return number
}

/** @throws MTLS_ERR_MONITOR_OPTION where a value has not all of some methods */
export function checkMethods (value: unknown, methods: readonly string[], what: string): void {
  const missing = methods.find((method) => value === null || typeof (value as Record<string, unknown> | undefined)?.[method] !== 'function')
  if (missing !== undefined) throw new MTLS_ERR_MONITOR_OPTION(`${what} has no ${missing}(); expected an object with ${methods.join('(), ')}()`)
}

/** @throws MTLS_ERR_MONITOR_OPTION where it is no source of credentials */
export function checkCredentials (value: unknown, what: string): void {
  checkMethods(value, ['subscribe'], what)
  if ((value as { current?: unknown }).current === undefined) throw new MTLS_ERR_MONITOR_OPTION(`${what} has no current snapshot; expected a source such as fileCredentials() gives (await it)`)
}
