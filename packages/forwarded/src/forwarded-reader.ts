import type { PeerIdentity } from '@peerkit/identity'

/** Why a forwarded certificate was refused. */
export type RefusalReason =
  | 'untrusted_sender'     // the sender is not a trusted gateway
  | 'duplicate_header'     // the header occurs twice
  | 'alias_header'         // the header's name has another spelling, which a gateway may fail to remove
  | 'other_format'         // there is a header of another format than the configured one
  | 'too_large'            // the value is longer than `maxHeaderLength` characters
  | 'chain_too_long'       // more certificates than `maxChainLength`
  | 'malformed'            // the value does not follow its format, or contradicts another header
  | 'unreadable'           // the certificate or a name cannot be parsed
  | 'not_verified'         // the gateway has not verified the certificate, or does not say so
  | 'ca_as_leaf'           // the client certificate is a CA certificate
  | 'certificate_missing'  // the headers say that there is a certificate, or have only names, and it is not among them
  | 'chain_invalid'        // in-process validation refused the chain; `detail` says why
  | 'revoked'              // the validator found a revoked certificate in the chain
  | 'revocation_unknown'   // the validator could not determine the revocation status, and the policy is hard
  | 'outside_authority'    // the CA's authority is not allowed to issue this name
  | 'authority_unknown'    // neither a chain nor the option verifiedAs determines the authority
  | 'blocked'              // on the operator's block list
  | 'not_yet_valid'        // the certificate is not valid yet
  | 'expired'              // the certificate is no longer valid
  | 'hop_count'            // the number of elements is not `trustedHops`
  | 'untrusted_hop'        // an outer gateway does not satisfy `hopGateways`

/** The parts of a request that the reader needs. They do not depend on a framework. */
export interface ForwardedRequest {
  /** Alternating names and values, as in `http.IncomingMessage#rawHeaders`, which keeps repeated headers separate. */
  readonly rawHeaders: readonly string[]
  /** The sender's identity from its own TLS handshake with this server; undefined if it had no certificate. */
  readonly sender: PeerIdentity | undefined
  /** The sender's IP address, from the socket. */
  readonly remoteAddress: string | undefined
  /**
   * Whether the connection came over a Unix socket. Default false. A missing address does not prove it: a TCP socket
   * that was reset has no address either.
   */
  readonly unixSocket?: boolean
}

/** Result of {@link ForwardedReader.read}. */
export type ForwardedResult =
  /** No such header, and the sender is not a gateway. Use the sender's own identity. */
  | { readonly state: 'absent' }
  /** A gateway forwarded no client certificate. The request has no identity, not even the gateway's. */
  | { readonly state: 'anonymous' }
  /**
   * `identity.chain`: the path that the validator found; undefined if the gateway verified the chain.
   * `sent`: DER of the other certificates that the client sent, according to the gateway. They are not verified.
   */
  | { readonly state: 'accepted', readonly identity: PeerIdentity, readonly sent: readonly Uint8Array[] }
  | {
    readonly state: 'refused'
    readonly reason: RefusalReason
    readonly header: string
    readonly detail?: string | undefined
  }
  /**
   * Headers from a sender that is not a gateway, with `onUntrusted: 'strip'`. Remove them with `stripHeaders` and
   * continue as with `absent`.
   */
  | { readonly state: 'stripped', readonly header: string }

export type RefusedResult = Extract<ForwardedResult, { state: 'refused' }>

/** Reads forwarded client certificates; made by `createForwardedReader`. */
export interface ForwardedReader {
  /** Names of all headers that the reader checks, in lower case. Only a trusted gateway may send them. */
  readonly headerNames: readonly string[]
  /** Reads the headers of one request. Returns a promise only if the validator is asynchronous. Does not throw. */
  read (request: ForwardedRequest): ForwardedResult | Promise<ForwardedResult>
}
