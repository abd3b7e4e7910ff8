import type { BlockOption, CredentialSource } from '@peerkit/credentials'
import {
  anything, checkOption, choice, clock, count, credentialSource, defineOptions, duration, flag, func, required, secret,
  text, url, valueOf
} from '@peerkit/identity/internal'
import type { OptionSet, OptionType, OptionTypes } from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import type { Groups } from '@peerkit/rules'
import type { AlgorithmPolicy } from '@peerkit/trust'
import type { Agent } from 'undici'
import type { AllowedServers } from './connect/server-rules.ts'
import { OutboundOptionError } from './errors.ts'
import type { Resolve } from './pools/resolve-option.ts'

/** Options that are passed to undici's Agent. */
export type PassedOptions = Pick<Agent.Options,
  'connections' | 'pipelining' | 'keepAliveTimeout' | 'keepAliveMaxTimeout' | 'keepAliveTimeoutThreshold' |
  'headersTimeout' | 'bodyTimeout' | 'maxHeaderSize' | 'maxResponseSize' | 'maxRequestsPerClient' |
  'strictContentLength' | 'maxConcurrentStreams' | 'clientTtl' | 'localAddress'>

/** Options of `MtlsAgent`. */
export interface MtlsAgentOptions extends PassedOptions {
  /** The certificate to present and the CAs to trust. */
  readonly credentials: CredentialSource
  /**
   * Who may answer, for origins without `allowedServers` of their own. Default: the certificate must be for the host
   * name.
   */
  readonly allowedServers?: AllowedServers
  /** Groups by name, for use in rules. Default: none. */
  readonly servers?: Groups
  /**
   * Options by origin. Origins are compared as a whole. If given, any other origin is refused before a socket is
   * opened, so a redirect cannot send the certificate elsewhere. The key `*` allows every other https origin. Default:
   * every https origin may be called.
   */
  readonly origins?: Readonly<Record<string, OriginOptions>>
  /** Checks revocation in addition to the CRLs of the credentials. All must accept the certificate. Default: none. */
  readonly revocation?: RevocationChecker
  /**
   * The signature algorithms and keys that are accepted in a server's chain. Default: those of a TLS handshake, see
   * @peerkit/trust.
   */
  readonly algorithms?: AlgorithmPolicy
  /**
   * Servers to refuse at once, before a CRL is issued: made by `blockFile` or `blockMemory` of @peerkit/credentials, or
   * a function. Default: none.
   */
  readonly block?: BlockOption
  /**
   * Use HTTP/2 if the server supports it. Under undici 8, callers of an older undici, such as the built-in `fetch` of
   * Node 22 and 24, stay on HTTP/1.1. Default false.
   */
  readonly allowH2?: boolean
  /** A Unix socket to connect to, in place of the origin's address. Default: none. */
  readonly socketPath?: string
  /** A proxy to CONNECT through. Default: none. */
  readonly proxy?: string | ProxyOptions
  /** Milliseconds to connect, shake hands and check the server, including a proxy. Default 10,000. */
  readonly connectTimeout?: number
  /** The lowest TLS version. Default `TLSv1.2`. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** The highest TLS version. Default: Node's. */
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** OpenSSL's cipher list, for TLS 1.2 and 1.3. Default: Node's. */
  readonly ciphers?: string
  /** Returns the time in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

/** Options of one origin. The others are those of the agent. */
export interface OriginOptions {
  /** Who may answer. Default: the agent's `allowedServers`. */
  readonly allowedServers?: AllowedServers
  /** The credentials for this origin only. Only their CAs are trusted there. Default: the agent's. */
  readonly credentials?: CredentialSource
  /** The name for SNI and for the host name check. Default: the origin's host. */
  readonly servername?: string
  /** A Unix socket to connect to. Default: the agent's. */
  readonly socketPath?: string
  /** A proxy to CONNECT through. Default: the agent's. */
  readonly proxy?: string | ProxyOptions
  /**
   * Says where to connect to, for every new connection, in place of DNS. Who may answer does not depend on it: rules
   * and host name are those of the origin. Open connections stay in use; `clientTtl` limits their life. Default: none.
   */
  readonly resolve?: Resolve
  /**
   * How long addresses of `resolve` are used, in milliseconds. It is asked earlier if no address works. 0: for every
   * connection. Default 30,000.
   */
  readonly resolveTtl?: number
}

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

const passedOn = valueOf('a value that undici accepts', () => true)
const VERSION = choice('TLSv1.2', 'TLSv1.3')

/** undici takes null for no limit. */
function orNull (type: OptionType): OptionType {
  return valueOf(`${type.expected}, or null`, (value) => value === null || type.accepts(value))
}

const PASSED: OptionTypes<PassedOptions> = {
  connections: orNull(count({ least: 1 })),
  pipelining: count(),
  keepAliveTimeout: duration(),
  keepAliveMaxTimeout: duration(),
  keepAliveTimeoutThreshold: duration({ least: 0 }),
  headersTimeout: duration({ least: 0 }),
  bodyTimeout: duration({ least: 0 }),
  maxHeaderSize: count({ least: 1 }),
  maxResponseSize: valueOf('a whole number of bytes, or -1 for no limit', (value) => {
    return Number.isSafeInteger(value) && (value as number) >= -1
  }),
  maxRequestsPerClient: orNull(count()),
  strictContentLength: flag,
  maxConcurrentStreams: count({ least: 1 }),
  clientTtl: orNull(duration({ least: 0 })),
  localAddress: passedOn
}

/** The type of each option of `MtlsAgent`. */
export const AGENT_OPTIONS: OptionTypes<MtlsAgentOptions> = {
  credentials: required(credentialSource),
  allowedServers: anything,
  servers: anything,
  origins: anything,
  revocation: anything,
  algorithms: anything,
  block: anything,
  allowH2: anything,
  socketPath: anything,
  proxy: anything,
  connectTimeout: duration(),
  minVersion: VERSION,
  maxVersion: VERSION,
  ciphers: text(),
  now: clock,
  ...PASSED
}
const AGENT = defineOptions<MtlsAgentOptions>('MtlsAgent', OutboundOptionError, AGENT_OPTIONS)

/** @throws OutboundOptionError */
export function checkAgentOptions (options: MtlsAgentOptions): void {
  AGENT.check(options)
  if (options.socketPath !== undefined && options.proxy !== undefined) {
    throw new OutboundOptionError('found socketPath and proxy; expected only one of them')
  }
}

export function passedOptions (options: MtlsAgentOptions): PassedOptions {
  return Object.fromEntries(
    (Object.keys(PASSED) as Array<keyof PassedOptions>)
      .filter((key) => options[key] !== undefined)
      .map((key) => [key, options[key]])
  )
}

/** The type of each option of an origin. */
export const ORIGIN_OPTIONS: OptionTypes<OriginOptions> = {
  allowedServers: anything,
  credentials: credentialSource,
  servername: text(),
  socketPath: text(),
  proxy: anything,
  resolve: func(),
  resolveTtl: duration({ least: 0 })
}
export const originOptions: OptionSet = defineOptions<OriginOptions>('origins', OutboundOptionError, ORIGIN_OPTIONS)

const PROXY_URL = url('http://host:port or https://host:port', ({ protocol, pathname, search }) => {
  return /^https?:$/.test(protocol) && pathname === '/' && search === ''
})
const PROXY = defineOptions<ProxyOptions>('proxy', OutboundOptionError, {
  uri: required(PROXY_URL),
  credentials: credentialSource,
  allowedServers: anything,
  // They may contain a password or a token.
  headers: secret('an object of strings', (value) => typeof value === 'object' && value !== null)
})

/** @throws OutboundOptionError */
export function checkProxyOptions (given: string | ProxyOptions, where: string): ProxyOptions {
  if (typeof given === 'string') {
    checkOption(given, PROXY_URL, where, OutboundOptionError)
    return { uri: given }
  }
  PROXY.check(given, where)
  return given
}
