import type { ForwardedReason } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'

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
    /** A word of docs/reasons.md. */
    readonly reason: ForwardedReason
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
