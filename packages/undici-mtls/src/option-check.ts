import { isThenable } from '@peerkit/identity/internal'
import { MTLS_ERR_OUTBOUND_OPTION } from './errors.ts'

/** Refuses unknown options, and suggests the one that was probably meant. */
export function checkKeys (options: object, known: readonly string[], where: string): void {
  if (options === null || typeof options !== 'object') {
    throw new MTLS_ERR_OUTBOUND_OPTION(`${where} is ${String(options)}; expected an object`)
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    const isMeant = (name: string): boolean => name.toLowerCase() === key.toLowerCase() ||
      name.startsWith(key) || key.startsWith(name)
    const meant = known.find(isMeant)
    const hint = meant === undefined ? `expected one of ${known.join(', ')}` : `did you mean "${meant}"?`
    throw new MTLS_ERR_OUTBOUND_OPTION(`unknown option "${key}" for ${where}; ${hint}`)
  }
}

/** @throws MTLS_ERR_OUTBOUND_OPTION if `credentials` is not a credential source */
export function checkCredentials (credentials: unknown, where: string): void {
  const { subscribe, current } = (credentials ?? {}) as { subscribe?: unknown, current?: unknown }
  if (typeof subscribe === 'function' && current !== undefined) return
  const found = isThenable(credentials) ? 'a Promise (await it)' : typeof credentials
  throw new MTLS_ERR_OUTBOUND_OPTION(
    `credentials of ${where} is ${found}; expected a credential source such as fileCredentials() returns`
  )
}

export function checkDuration (value: unknown, name: string): void {
  if (value !== undefined && !(typeof value === 'number' && value > 0 && value <= 2 ** 31 - 1)) {
    throw new MTLS_ERR_OUTBOUND_OPTION(
      `${name} is ${String(value)}; expected milliseconds above 0 and at most 2,147,483,647`
    )
  }
}
