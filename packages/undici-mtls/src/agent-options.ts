import type { BlockOption, CredentialSource } from '@peerkit/credentials'
import type { RevocationChecker } from '@peerkit/revocation'
import type { Groups } from '@peerkit/rules'
import type { AlgorithmPolicy } from '@peerkit/trust'
import type { Agent } from 'undici'
import { MTLS_ERR_OUTBOUND_OPTION } from './errors.ts'
import { checkCredentials, checkDuration, checkKeys } from './option-check.ts'
import type { OriginOptions } from './origin-options.ts'
import type { AllowedServers } from './server-rules.ts'
import type { ProxyOptions } from './proxy-options.ts'

/** Options of undici's Agent that pass through. */
export type PassedOptions = Pick<Agent.Options, 'connections' | 'pipelining' | 'keepAliveTimeout' | 'keepAliveMaxTimeout' | 'keepAliveTimeoutThreshold' | 'headersTimeout' | 'bodyTimeout' |
  'maxHeaderSize' | 'maxResponseSize' | 'maxRequestsPerClient' | 'strictContentLength' | 'maxConcurrentStreams' | 'clientTtl' | 'localAddress'>

export interface MtlsAgentOptions extends PassedOptions {
  /** What we present and whom we trust. */
  readonly credentials: CredentialSource
  /** Who may answer, at every origin that says nothing else. Default: whoever's certificate is for the host name. */
  readonly allowedServers?: AllowedServers
  /** Groups that rules name. */
  readonly servers?: Groups
  /**
   * The origins that this agent calls, compared whole. Where given, any other origin is refused before a socket is opened: a redirect never takes our certificate elsewhere. The key
   * `*` stands for every other https origin.
   */
  readonly origins?: Readonly<Record<string, OriginOptions>>
  /** Asked about servers beside the credentials' own CRLs; both must permit. */
  readonly revocation?: RevocationChecker
  /** Which signatures and keys count in a server's chain. Default: what a TLS handshake accepts, see @peerkit/trust. */
  readonly algorithms?: AlgorithmPolicy
  /** Servers that are refused at once, before any CRL is issued: `blockFile`, `blockMemory` of @peerkit/credentials, or a function. */
  readonly block?: BlockOption
  /** Speak HTTP/2 where the server does. Default false. */
  readonly allowH2?: boolean
  /** Connect to a Unix socket instead of the origin's address. */
  readonly socketPath?: string
  /** Reach origins through a proxy's CONNECT. */
  readonly proxy?: string | ProxyOptions
  /** Milliseconds for connecting, shaking hands and checking who answered, a proxy's part included. Default 10,000. */
  readonly connectTimeout?: number
  /** Default `TLSv1.2`. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** OpenSSL's list, for TLS 1.2 and 1.3. Default Node's. */
  readonly ciphers?: string
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

const PASSED = ['connections', 'pipelining', 'keepAliveTimeout', 'keepAliveMaxTimeout', 'keepAliveTimeoutThreshold', 'headersTimeout', 'bodyTimeout',
  'maxHeaderSize', 'maxResponseSize', 'maxRequestsPerClient', 'strictContentLength', 'maxConcurrentStreams', 'clientTtl', 'localAddress'] as const
const OWN = ['credentials', 'allowedServers', 'servers', 'origins', 'revocation', 'algorithms', 'block', 'allowH2', 'socketPath', 'proxy', 'connectTimeout', 'minVersion', 'maxVersion', 'ciphers', 'now']

/** @throws MTLS_ERR_OUTBOUND_OPTION */
export function checkAgentOptions (options: MtlsAgentOptions): void {
  checkKeys(options, [...OWN, ...PASSED], 'MtlsAgent')
  checkCredentials(options.credentials, 'MtlsAgent')
  checkDuration(options.connectTimeout, 'connectTimeout')
  const { minVersion, maxVersion, now } = options
  for (const [name, version] of Object.entries({ minVersion, maxVersion })) {
    if (version !== undefined && version !== 'TLSv1.2' && version !== 'TLSv1.3') throw new MTLS_ERR_OUTBOUND_OPTION(`${name} is ${JSON.stringify(version)}; expected "TLSv1.2" or "TLSv1.3"`)
  }
  if (now !== undefined && typeof now !== 'function') throw new MTLS_ERR_OUTBOUND_OPTION(`now is ${typeof now}; expected a function that says milliseconds since the epoch`)
  if (options.socketPath !== undefined && options.proxy !== undefined) throw new MTLS_ERR_OUTBOUND_OPTION('socketPath and proxy exclude each other')
}

export function passedOptions (options: MtlsAgentOptions): PassedOptions {
  return Object.fromEntries(PASSED.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]))
}
