import { MTLS_ERR_MONITOR_OPTION } from './errors.ts'

/** @throws MTLS_ERR_MONITOR_OPTION for an unknown option */
export function checkKeys (options: unknown, known: readonly string[], what: string): void {
  if (options === null || typeof options !== 'object') {
    throw new MTLS_ERR_MONITOR_OPTION(`${what} is ${options === null ? 'null' : typeof options}; expected an object`)
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new MTLS_ERR_MONITOR_OPTION(`unknown option "${key}" for ${what}; expected one of ${known.join(', ')}`)
    }
  }
}

/** Returns the number, or the default. @throws MTLS_ERR_MONITOR_OPTION if it is not within the bounds */
export function checkNumber (
  value: number | undefined,
  fallback: number,
  what: string,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER
): number {
  const number = value ?? fallback
  if (typeof number !== 'number' || !(number >= least && number <= most)) {
    throw new MTLS_ERR_MONITOR_OPTION(`${what} is ${String(number)}; expected a number from ${least} to ${most}`)
  }
  return number
}

/** @throws MTLS_ERR_MONITOR_OPTION if a method is missing */
export function checkMethods (value: unknown, methods: readonly string[], what: string): void {
  const missing = methods.find((method) => value === null ||
    typeof (value as Record<string, unknown> | undefined)?.[method] !== 'function')
  if (missing !== undefined) {
    throw new MTLS_ERR_MONITOR_OPTION(
      `${what} is without ${missing}(); expected an object with ${methods.join('(), ')}()`
    )
  }
}

/** @throws MTLS_ERR_MONITOR_OPTION if the value is not a source of credentials */
export function checkCredentials (value: unknown, what: string): void {
  checkMethods(value, ['subscribe'], what)
  if ((value as { current?: unknown }).current === undefined) {
    throw new MTLS_ERR_MONITOR_OPTION(
      `${what} is without a current snapshot; expected a source such as that of fileCredentials() (await it)`
    )
  }
}

/** @throws MTLS_ERR_MONITOR_OPTION if the value cannot stand for an app */
export function checkServer (value: unknown): void {
  if (value === undefined || (typeof value === 'object' && value !== null)) return
  throw new MTLS_ERR_MONITOR_OPTION(
    `server is ${value === null ? 'null' : typeof value}; expected the HTTP server of an app, app.server`
  )
}
