import type { KnownIdentity } from '@peerkit/identity'
import type { RefusalReason } from './forwarded-reader.ts'

/** What a header is for. */
export type HeaderRole =
  | 'certificate'  // the client's certificate, or what is told of it
  | 'chain'        // the certificates above it
  | 'verified'     // the gateway's verdict
  | 'present'      // whether the client sent a certificate at all
  | 'revoked'      // whether the gateway knows it as revoked
  | 'hash'         // the certificate's SHA-256

export type HeaderNames = Readonly<Partial<Record<HeaderRole, string>>>
/** What a request has in those headers, each at most once; an empty value is as good as none. All roles are there, so that values compare fast. */
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

/** Who the gateway says was there: a certificate with what may stand above it, or parts of an identity. */
export type Claim =
  | { readonly leaf: Uint8Array, readonly chain: readonly Uint8Array[] }
  | { readonly known: KnownIdentity }

/** What headers say. */
export type Reading =
  | { readonly state: 'none' }                                              // the client sent no certificate
  | { readonly state: 'claims', readonly claims: readonly [Claim, ...Claim[]] } // the client, then the gateways nearer to us, nearest last
  | { readonly state: 'refused', readonly reason: RefusalReason, readonly role: HeaderRole }

/** How one kind of gateway writes what it saw. */
export interface HeaderFormat {
  readonly headers: HeaderNames
  /** Whether this gateway verifies chains; where not, they are validated in process. */
  readonly verifies: boolean
  /**
   * @param byGateway whether the gateway's verdict decides; else the chain is validated in process, whatever the gateway thought of it
   */
  read (values: HeaderValues, byGateway: boolean): Reading
}

export function refuseReading (reason: RefusalReason, role: HeaderRole): Reading {
  return { state: 'refused', reason, role }
}
