import type { CredentialSource, TrustSource } from '@peerkit/credentials'
import { MTLS_ERR_SERVER_OPTION } from './errors.ts'
import { findNearestName } from './nearest-name.ts'

/** Refuses options that are not known. @throws MTLS_ERR_SERVER_OPTION naming the option and those there are */
export function checkKeys (options: unknown, known: readonly string[], what: string): void {
  if (options === null || typeof options !== 'object') throw new MTLS_ERR_SERVER_OPTION(`${what} got ${options === null ? 'null' : typeof options}; expected an object`)
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    const nearest = findNearestName(key, known)
    throw new MTLS_ERR_SERVER_OPTION(`unknown option "${key}" for ${what}; ${nearest === undefined ? `expected one of ${known.join(', ')}` : `did you mean "${nearest}"?`}`)
  }
}

/** @throws MTLS_ERR_SERVER_OPTION where `credentials` is no source of credentials */
export function checkCredentials (credentials: unknown, what: string): void {
  const found = credentials as { current?: { cert?: unknown, ca?: unknown }, subscribe?: unknown } | null | undefined
  if (found === null || typeof found !== 'object' || typeof found.subscribe !== 'function' || found.current?.cert === undefined) {
    const hint = found instanceof Promise ? 'a Promise (await it)' : found === null ? 'null' : typeof found
    throw new MTLS_ERR_SERVER_OPTION(`${what} needs credentials, a source such as fileCredentials() gives; found ${hint}`)
  }
  checkOpen(credentials as CredentialSource, 'the credentials')
}

/** A closed source would never rotate. @throws MTLS_ERR_SERVER_OPTION */
export function checkOpen ({ closed }: TrustSource, what: string): void {
  if (closed === true) throw new MTLS_ERR_SERVER_OPTION(`${what} are closed already; expected an open source`)
}

/** @throws MTLS_ERR_SERVER_OPTION where a given value is none of those allowed */
export function checkChoice (value: unknown, allowed: readonly unknown[], what: string): void {
  if (value === undefined || allowed.includes(value)) return
  throw new MTLS_ERR_SERVER_OPTION(`${what} is ${show(value)}; expected ${allowed.map(show).join(' or ')}`)
}

/** @throws MTLS_ERR_SERVER_OPTION where a given value is no number of milliseconds above 0 that a timer can hold */
export function checkDuration (value: unknown, what: string): void {
  if (value === undefined || (typeof value === 'number' && value > 0 && value <= 0x7fff_ffff)) return
  throw new MTLS_ERR_SERVER_OPTION(`${what} is ${show(value)}; expected milliseconds above 0 and at most 2,147,483,647`)
}

/** @throws MTLS_ERR_SERVER_OPTION where a given value has not all of some methods */
export function checkMethods (value: unknown, methods: readonly string[], what: string): void {
  if (value === undefined) return
  const missing = methods.find((method) => value === null || typeof (value as Record<string, unknown>)[method] !== 'function')
  if (missing !== undefined) throw new MTLS_ERR_SERVER_OPTION(`${what} is ${value === null ? 'null' : typeof value} without ${missing}(); expected an object with ${methods.join('(), ')}()`)
}

function show (value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : typeof value === 'object' && value !== null ? 'an object' : String(value)
}
