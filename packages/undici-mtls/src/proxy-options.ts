import type { CredentialSource } from '@peerkit/credentials'
import type { Groups } from '@peerkit/rules'
import { MTLS_ERR_OUTBOUND_OPTION } from './errors.ts'
import { checkCredentials, checkKeys } from './option-check.ts'
import { authoritiesFor } from './server-authorities.ts'
import { compileServerRules } from './server-rules.ts'
import type { AllowedServers, ServerRules } from './server-rules.ts'

/** A proxy to CONNECT through. */
export interface ProxyOptions {
  /**
   * `http://host:port` or `https://host:port`. With https the proxy is checked like any server, and gets the client
   * certificate.
   */
  readonly uri: string
  /** For an https proxy: the certificate to present and the CAs to trust. Default: those of the origin. */
  readonly credentials?: CredentialSource
  /** For an https proxy: who may answer. Default: the certificate must be for its host name. */
  readonly allowedServers?: AllowedServers
  /** Headers of the CONNECT request only, such as `proxy-authorization`. Default: none. */
  readonly headers?: Readonly<Record<string, string>>
}

/** The checked and compiled options of a proxy. */
export interface Proxy {
  readonly url: URL
  readonly credentials: CredentialSource | undefined
  readonly rules: ServerRules
  readonly headers: Readonly<Record<string, string>>
}

/**
 * @param origins credentials of the origins that are reached through it.
 * @throws MTLS_ERR_OUTBOUND_OPTION, MTLS_ERR_RULE_INVALID
 */
export function readProxy (
  given: string | ProxyOptions, groups: Groups | undefined, where: string, origins: CredentialSource
): Proxy {
  const options = typeof given === 'string' ? { uri: given } : given
  checkKeys(options, ['uri', 'credentials', 'allowedServers', 'headers'], where)
  if (options.credentials !== undefined) checkCredentials(options.credentials, where)
  const expected = 'expected http://host:port or https://host:port'
  if (!URL.canParse(options.uri)) {
    throw new MTLS_ERR_OUTBOUND_OPTION(`${where} is ${showUri(options.uri)}; ${expected}`)
  }
  const url = new URL(options.uri)
  if (!/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '') {
    throw new MTLS_ERR_OUTBOUND_OPTION(`${where} is ${showUri(options.uri)}; ${expected}`)
  }
  const credentials = url.username === '' ? {} : { 'proxy-authorization': basicAuthorization(url) }
  const authorities = url.protocol === 'https:' ? authoritiesFor(options.credentials ?? origins, where) : []
  return {
    url,
    credentials: options.credentials,
    rules: compileServerRules(options.allowedServers, groups, `${where}.allowedServers`, authorities),
    headers: Object.freeze({ ...credentials, ...options.headers })
  }
}

/** A URI without its user and password. A password may hold any character, so all before the last "@" is hidden. */
function showUri (uri: unknown): string {
  if (typeof uri !== 'string') return `of type ${typeof uri}`
  return JSON.stringify(uri.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^]*@/i, '$1[hidden]@').slice(0, 200))
}

function basicAuthorization ({ username, password }: URL): string {
  return `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`
}
