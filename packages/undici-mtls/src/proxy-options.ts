import type { CredentialSource } from '@peerkit/credentials'
import type { Groups } from '@peerkit/rules'
import { MTLS_ERR_OUTBOUND_OPTION } from './errors.ts'
import { checkCredentials, checkKeys } from './option-check.ts'
import { authoritiesFor } from './server-authorities.ts'
import { compileServerRules } from './server-rules.ts'
import type { AllowedServers, ServerRules } from './server-rules.ts'

/** A proxy that is asked to CONNECT. */
export interface ProxyOptions {
  /** `http://host:port` or `https://host:port`; with https the proxy is judged and shown our certificate as any server. */
  readonly uri: string
  /** For an https proxy: whom to trust and what to present. Default the origin's. */
  readonly credentials?: CredentialSource
  /** For an https proxy: who may answer. Default: whoever's certificate is for its host name. */
  readonly allowedServers?: AllowedServers
  /** Sent with CONNECT alone, such as `proxy-authorization`. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A proxy's options, checked and compiled. */
export interface Proxy {
  readonly url: URL
  readonly credentials: CredentialSource | undefined
  readonly rules: ServerRules
  readonly headers: Readonly<Record<string, string>>
}

/** @param origins credentials of the origins behind it. @throws MTLS_ERR_OUTBOUND_OPTION, MTLS_ERR_RULE_INVALID */
export function readProxy (given: string | ProxyOptions, groups: Groups | undefined, where: string, origins: CredentialSource): Proxy {
  const options = typeof given === 'string' ? { uri: given } : given
  checkKeys(options, ['uri', 'credentials', 'allowedServers', 'headers'], where)
  if (options.credentials !== undefined) checkCredentials(options.credentials, where)
  const expected = 'expected http://host:port or https://host:port'
  if (!URL.canParse(options.uri)) throw new MTLS_ERR_OUTBOUND_OPTION(`${where} is ${JSON.stringify(options.uri)}; ${expected}`)
  const url = new URL(options.uri)
  if (!/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '') throw new MTLS_ERR_OUTBOUND_OPTION(`${where} is ${JSON.stringify(options.uri)}; ${expected}`)
  const credentials = url.username === '' ? {} : { 'proxy-authorization': basicAuthorization(url) }
  const authorities = url.protocol === 'https:' ? authoritiesFor(options.credentials ?? origins, where) : []
  return { url, credentials: options.credentials, rules: compileServerRules(options.allowedServers, groups, `${where}.allowedServers`, authorities), headers: Object.freeze({ ...credentials, ...options.headers }) }
}

function basicAuthorization ({ username, password }: URL): string {
  return `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`
}
