import type { CredentialSource } from '@peerkit/credentials'
import { anything, credentialSource, defineOptions, text } from '@peerkit/identity/internal'
import type { OptionSet, OptionTypes } from '@peerkit/identity/internal'
import { MTLS_ERR_OUTBOUND_OPTION } from './errors.ts'
import type { ProxyOptions } from './proxy-options.ts'
import type { AllowedServers } from './server-rules.ts'

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
}

/** The type of each option of an origin. */
export const ORIGIN_OPTIONS: OptionTypes<OriginOptions> = {
  allowedServers: anything, credentials: credentialSource, servername: text(), socketPath: text(), proxy: anything
}
export const originOptions: OptionSet = defineOptions<OriginOptions>(
  'origins', MTLS_ERR_OUTBOUND_OPTION, ORIGIN_OPTIONS
)
