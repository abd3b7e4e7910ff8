import { MTLS_ERR_SERVER_OPTION } from './errors.ts'

/** Refuses options that are not known. @throws MTLS_ERR_SERVER_OPTION naming the option and those there are */
export function checkKeys (options: object, known: readonly string[], what: string): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new MTLS_ERR_SERVER_OPTION(`${what} knows no "${key}"; expected ${known.join(', ')}`)
  }
}

/** @throws MTLS_ERR_SERVER_OPTION where `credentials` is no source of credentials */
export function checkCredentials (credentials: unknown, what: string): void {
  const found = credentials as { current?: { cert?: unknown, ca?: unknown }, subscribe?: unknown } | null | undefined
  if (found === null || typeof found !== 'object' || typeof found.subscribe !== 'function' || found.current?.cert === undefined) {
    const hint = found instanceof Promise ? 'a Promise (await it)' : found === null ? 'null' : typeof found
    throw new MTLS_ERR_SERVER_OPTION(`${what} needs "credentials", a source such as fileCredentials() gives; found ${hint}`)
  }
}
