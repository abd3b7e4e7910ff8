import type { PeerIdentity } from '@peerkit/identity'

/** Why a forwarded certificate was refused. */
export type RefusalReason =
  | 'untrusted_sender'     // the header came from someone who is no trusted gateway
  | 'duplicate_header'     // two values where one is expected
  | 'too_large'            // the value is longer than `maxHeaderLength` characters
  | 'chain_too_long'       // more certificates than `maxChainLength`
  | 'malformed'            // the value does not follow its format
  | 'unreadable'           // the bytes are no certificate

/** What the reader looks at: nothing of it comes from a framework. */
export interface ForwardedRequest {
  /** Header names and values in turn, as `http.IncomingMessage#rawHeaders`: only there a repeated header is still two. */
  readonly rawHeaders: readonly string[]
  /** The sender's own identity from its own TLS handshake, where it made one. */
  readonly sender: PeerIdentity | undefined
  /** The sender's address as of the socket; undefined for a Unix socket. */
  readonly remoteAddress: string | undefined
}

export type ForwardedResult =
  | { readonly state: 'absent' }
  | { readonly state: 'accepted', readonly identity: PeerIdentity }
  | { readonly state: 'refused', readonly reason: RefusalReason, readonly header: string }

export interface ForwardedReader {
  /** The headers it owns, in lower case: from anyone but a trusted gateway none of them may pass. */
  readonly headerNames: readonly string[]
  read (request: ForwardedRequest): ForwardedResult
}
