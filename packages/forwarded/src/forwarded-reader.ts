import type { PeerIdentity } from '@peerkit/identity'

/** Why a forwarded certificate was refused. */
export type RefusalReason =
  | 'untrusted_sender'     // the header came from someone who is no trusted gateway
  | 'duplicate_header'     // two values where one is expected
  | 'alias_header'         // the header's name is spelt otherwise, as with an underscore: a gateway's sanitiser does not know it
  | 'other_format'         // a header of another format stands beside, or in place of, the configured one
  | 'too_large'            // the value is longer than `maxHeaderLength` characters
  | 'chain_too_long'       // more certificates than `maxChainLength`
  | 'malformed'            // the value does not follow its format, or contradicts another
  | 'unreadable'           // the bytes are no certificate, or the names no names
  | 'not_verified'         // the gateway has not verified the certificate, or does not say so
  | 'ca_as_leaf'           // a CA's own certificate, presented as a client's
  | 'certificate_missing'  // parts of an identity where the certificate has to be validated in process
  | 'chain_invalid'        // the server checks the chain itself, and refuses it; `detail` says why
  | 'revoked'              // the validator says that a certificate of the chain was revoked
  | 'revocation_unknown'   // the validator could not find out, and the policy is hard
  | 'outside_authority'    // a name that the authority of its CA does not vouch for
  | 'authority_unknown'    // no chain says which authority vouches, and the option verifiedAs does not either
  | 'blocked'              // on the operator's own list of blocked certificates
  | 'not_yet_valid'        // the certificate is not valid yet
  | 'expired'              // the certificate is no longer valid
  | 'hop_count'            // more or fewer elements than `trustedHops`
  | 'untrusted_hop'        // a gateway further out is none of ours

/** What the reader looks at: nothing of it comes from a framework. */
export interface ForwardedRequest {
  /** Header names and values in turn, as `http.IncomingMessage#rawHeaders`: only there a repeated header is still two. */
  readonly rawHeaders: readonly string[]
  /** The sender's own identity from its own TLS handshake, where it made one. */
  readonly sender: PeerIdentity | undefined
  /** The sender's address as of the socket. */
  readonly remoteAddress: string | undefined
  /** Whether the connection came by a Unix socket. A missing address does not say so: a TCP socket that was reset has none either. */
  readonly unixSocket?: boolean
}

export type ForwardedResult =
  /** No such header, and the sender is no gateway: it speaks for itself. */
  | { readonly state: 'absent' }
  /** A gateway speaks for a client without a certificate: nobody, and not the gateway. */
  | { readonly state: 'anonymous' }
  /**
   * `identity.chain` is the path that the validator found; undefined where the gateway verified the chain. `sent`: DER of the certificates that the client sent
   * beside its own, as the gateway says; nobody has verified them here.
   */
  | { readonly state: 'accepted', readonly identity: PeerIdentity, readonly sent: readonly Uint8Array[] }
  | {
    readonly state: 'refused'
    readonly reason: RefusalReason
    readonly header: string
    readonly detail?: string | undefined
  }
  /** Headers of someone who is no gateway, under `onUntrusted: 'strip'`: remove them with `stripHeaders`, and go on as if `absent`. */
  | { readonly state: 'stripped', readonly header: string }

export type RefusedResult = Extract<ForwardedResult, { state: 'refused' }>

export interface ForwardedReader {
  /** The headers it owns, in lower case: from anyone but a trusted gateway none of them may pass. */
  readonly headerNames: readonly string[]
  /** A promise only where the chain is validated by a validator that answers later. */
  read (request: ForwardedRequest): ForwardedResult | Promise<ForwardedResult>
}
