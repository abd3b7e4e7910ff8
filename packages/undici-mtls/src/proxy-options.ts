import type { CredentialSource } from '@peerkit/credentials'
import {
  anything, checkOption, credentialSource, defineOptions, required, secret, url
} from '@peerkit/identity/internal'
import type { Groups } from '@peerkit/rules'
import { MTLS_ERR_OUTBOUND_OPTION } from './errors.ts'
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

const PROXY_URL = url('http://host:port or https://host:port', ({ protocol, pathname, search }) => {
  return /^https?:$/.test(protocol) && pathname === '/' && search === ''
})
const OPTIONS = defineOptions<ProxyOptions>('proxy', MTLS_ERR_OUTBOUND_OPTION, {
  uri: required(PROXY_URL),
  credentials: credentialSource,
  allowedServers: anything,
  // They may contain a password or a token.
  headers: secret('an object of strings', (value) => typeof value === 'object' && value !== null)
})

/**
 * @param origins credentials of the origins that are reached through it.
 * @throws MTLS_ERR_OUTBOUND_OPTION, MTLS_ERR_RULE_INVALID
 */
export function readProxy (
  given: string | ProxyOptions, groups: Groups | undefined, where: string, origins: CredentialSource
): Proxy {
  const options = typeof given === 'string' ? { uri: given } : given
  if (typeof given === 'string') checkOption(given, PROXY_URL, where, MTLS_ERR_OUTBOUND_OPTION)
  OPTIONS.check(options, where)
  const parsed = new URL(options.uri)
  const credentials = parsed.username === '' ? {} : { 'proxy-authorization': basicAuthorization(parsed) }
  const authorities = parsed.protocol === 'https:' ? authoritiesFor(options.credentials ?? origins, where) : []
  return {
    url: parsed,
    credentials: options.credentials,
    rules: compileServerRules(options.allowedServers, groups, `${where}.allowedServers`, authorities),
    headers: Object.freeze({ ...credentials, ...options.headers })
  }
}

function basicAuthorization ({ username, password }: URL): string {
  return `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`
}
