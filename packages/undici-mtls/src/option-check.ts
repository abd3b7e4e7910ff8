import { MTLS_ERR_OUTBOUND_OPTION } from './errors.ts'

/** Refuses keys that nobody knows, and says which one was probably meant. */
export function checkKeys (options: object, known: readonly string[], where: string): void {
  if (options === null || typeof options !== 'object') throw new MTLS_ERR_OUTBOUND_OPTION(`${where} is ${String(options)}; expected an object`)
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    const meant = known.find((name) => name.toLowerCase() === key.toLowerCase() || name.startsWith(key) || key.startsWith(name))
    throw new MTLS_ERR_OUTBOUND_OPTION(`${where} knows no "${key}"${meant === undefined ? '' : ` (did you mean "${meant}"?)`}; expected ${known.join(', ')}`)
  }
}

/** Refuses what is no credential source. */
export function checkCredentials (credentials: unknown, where: string): void {
  const { subscribe, current } = (credentials ?? {}) as { subscribe?: unknown, current?: unknown }
  if (typeof subscribe === 'function' && current !== undefined) return
  const found = credentials instanceof Promise ? 'a Promise (await it)' : typeof credentials
  throw new MTLS_ERR_OUTBOUND_OPTION(`${where} needs "credentials", a source such as fileCredentials() gives; found ${found}`)
}

export function checkDuration (value: unknown, name: string): void {
  if (value !== undefined && !(typeof value === 'number' && value > 0 && value <= 2 ** 31 - 1)) {
    throw new MTLS_ERR_OUTBOUND_OPTION(`${name} is ${String(value)}; expected milliseconds, more than 0`)
  }
}
