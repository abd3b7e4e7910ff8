import type { KnownIdentity } from '@peerkit/identity'
import type { ForwardedReason } from '@peerkit/events'

/** The purpose of a header. */
export type HeaderRole =
  | 'certificate'  // the client's certificate, or the names from it
  | 'chain'        // the certificates that issued it
  | 'verified'     // the gateway's verdict
  | 'present'      // whether the client sent a certificate
  | 'revoked'      // whether the gateway found it revoked
  | 'hash'         // SHA-256 of the certificate

/** Names of the headers, by role. */
export type HeaderNames = Readonly<Partial<Record<HeaderRole, string>>>
/** Header values by role. An empty value counts as none. All keys exist, so that comparing is fast. */
export type HeaderValues = Readonly<Record<HeaderRole, string | undefined>>

export function createValues (): Record<HeaderRole, string | undefined> {
  return {
    certificate: undefined,
    chain: undefined,
    verified: undefined,
    present: undefined,
    revoked: undefined,
    hash: undefined
  }
}

/** What the gateway says about one peer: a certificate and its possible chain, or parts of an identity. */
export type Claim =
  | { readonly leaf: Uint8Array, readonly chain: readonly Uint8Array[] }
  | { readonly known: KnownIdentity }

/** The meaning of a request's headers. */
export type Reading =
  /** The client sent no certificate. */
  | { readonly state: 'none' }
  /** The client, then the gateways, nearest last. */
  | { readonly state: 'claims', readonly claims: readonly [Claim, ...Claim[]] }
  | { readonly state: 'refused', readonly reason: ForwardedReason, readonly role: HeaderRole }

/** The header format of one kind of gateway. */
export interface HeaderFormat {
  readonly headers: HeaderNames
  /** Whether the gateway verifies chains. If not, they are validated in process. */
  readonly verifies: boolean
  /**
   * @param byGateway whether the gateway's verdict decides; if not, the chain is validated in process
   */
  read (values: HeaderValues, byGateway: boolean): Reading
}

export function refuseReading (reason: ForwardedReason, role: HeaderRole): Reading {
  return { state: 'refused', reason, role }
}
