import type { CredentialSource } from '@peerkit/credentials'
import type { RevocationChecker } from '@peerkit/revocation'
import type { Groups } from '@peerkit/rules'
import type { Agent } from 'undici'
import { MTLS_ERR_OUTBOUND_OPTION } from './errors.ts'
import type { AllowedServers, OriginOptions } from './origin-policy.ts'

/** Options of undici's Agent that pass through. */
export type PassedOptions = Pick<Agent.Options, 'connections' | 'pipelining' | 'keepAliveTimeout' | 'keepAliveMaxTimeout' | 'keepAliveTimeoutThreshold' | 'headersTimeout' | 'bodyTimeout' |
  'maxHeaderSize' | 'maxResponseSize' | 'maxRequestsPerClient' | 'strictContentLength' | 'maxConcurrentStreams'>

export interface MtlsAgentOptions extends PassedOptions {
  /** What we present and whom we trust. */
  readonly credentials: CredentialSource
  /** Who may answer, at every origin that says nothing else. Default: whoever's certificate is for the host name. */
  readonly allowedServers?: AllowedServers
  /** Groups that rules name. */
  readonly servers?: Groups
  /** The origins that this agent calls, compared whole. Where given, any other origin is refused: a redirect never takes our certificate elsewhere. */
  readonly origins?: Readonly<Record<string, OriginOptions>>
  /** Asked beside the credentials' own CRLs. */
  readonly revocation?: RevocationChecker
  /** Speak HTTP/2 where the server does. Default false. */
  readonly allowH2?: boolean
  /** Connect to a Unix socket instead of the origin's address. */
  readonly socketPath?: string
  /** Milliseconds for connecting, shaking hands and judging. Default 10,000. */
  readonly connectTimeout?: number
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

const PASSED = ['connections', 'pipelining', 'keepAliveTimeout', 'keepAliveMaxTimeout', 'keepAliveTimeoutThreshold', 'headersTimeout', 'bodyTimeout',
  'maxHeaderSize', 'maxResponseSize', 'maxRequestsPerClient', 'strictContentLength', 'maxConcurrentStreams'] as const
const OWN = ['credentials', 'allowedServers', 'servers', 'origins', 'revocation', 'allowH2', 'socketPath', 'connectTimeout', 'now']

/** @throws MTLS_ERR_OUTBOUND_OPTION */
export function checkAgentOptions (options: MtlsAgentOptions): void {
  for (const key of Object.keys(options)) {
    if (!OWN.includes(key) && !(PASSED as readonly string[]).includes(key)) throw new MTLS_ERR_OUTBOUND_OPTION(`MtlsAgent knows no "${key}"; expected ${[...OWN, ...PASSED].join(', ')}`)
  }
  const { credentials } = options
  if (typeof credentials?.subscribe !== 'function' || credentials.current === undefined) {
    const found = credentials instanceof Promise ? 'a Promise (await it)' : typeof credentials
    throw new MTLS_ERR_OUTBOUND_OPTION(`MtlsAgent needs "credentials", a source such as fileCredentials() gives; found ${found}`)
  }
}

export function passedOptions (options: MtlsAgentOptions): PassedOptions {
  return Object.fromEntries(PASSED.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]))
}
