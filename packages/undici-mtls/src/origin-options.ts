import type { CredentialSource } from '@peerkit/credentials'
import type { ProxyOptions } from './proxy-options.ts'
import type { AllowedServers } from './server-rules.ts'

/** What an origin has of its own; the rest is the agent's. */
export interface OriginOptions {
  readonly allowedServers?: AllowedServers
  /** Presented at this origin alone, and its anchors alone are trusted there. */
  readonly credentials?: CredentialSource
  /** The name asked for (SNI) and that the certificate must be for. Default the origin's host. */
  readonly servername?: string
  readonly socketPath?: string
  readonly proxy?: string | ProxyOptions
}
