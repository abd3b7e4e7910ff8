import type { CertificateFlaw, PeerIdentity } from '@peerkit/identity'
import type { EventMessage } from '../channels/emitter.ts'
import type { RefusalDetail } from '../reasons/certificate-refusal.ts'
import type { ForwardedReason, HandshakeReason, OutboundReason, RequestReason } from '../reasons/reasons.ts'

// What happens with a peer: handshakes, connections, forwarded certificates, requests and outbound calls.

/** `peerkit:handshake:refused` */
export interface HandshakeRefusedMessage extends EventMessage {
  readonly reason: HandshakeReason
  /** The code of OpenSSL or Node, if there is one. */
  readonly code: string | undefined
  /** The check that failed and the certificate. Undefined if no certificate is the cause. */
  readonly detail: RefusalDetail | undefined
  /** The unverified identity of the client. Undefined without a readable certificate of at most 8 KiB. */
  readonly peer: PeerIdentity | undefined
  /** SHA-256 of the client's leaf certificate, lower-case hex. Undefined if it sent none. */
  readonly fingerprint256: string | undefined
  readonly remoteAddress: string | undefined
  readonly remotePort: number | undefined
  /** `h2`, `http/1.1` or undefined. */
  readonly alpnProtocol: string | undefined
  /** `TLSv1.2` or `TLSv1.3`. Undefined if the handshake failed before that. */
  readonly protocol: string | undefined
  readonly resumed: boolean
  /** Milliseconds that the verification of the certificate took. Undefined if none took place. */
  readonly durationMs?: number | undefined
}

/** `peerkit:handshake:chain-unavailable` */
export interface ChainUnavailableMessage extends EventMessage {
  readonly message: string
  /** The version of Node, from `process.version`. */
  readonly node: string
}

/** `peerkit:connection:identified` */
export interface ConnectionIdentifiedMessage extends EventMessage {
  readonly peer: PeerIdentity
  readonly remoteAddress: string | undefined
  readonly resumed: boolean
  /**
   * Set if the certificate has only serverAuth: until when it is accepted, in milliseconds since the epoch. Undefined
   * for certificates with clientAuth.
   */
  readonly serverAuthOnlyUntil?: number | undefined
  /** The flaws of the certificate, or of a CA above it, that `tolerate` of the authority accepts. Undefined if none. */
  readonly tolerated?: readonly CertificateFlaw[] | undefined
  /** Milliseconds that the verification of the certificate took. */
  readonly durationMs?: number | undefined
}

/** `peerkit:connection:ended` */
export interface ConnectionEndedMessage extends EventMessage {
  readonly reason: HandshakeReason
  /** The check that failed and the certificate. Undefined if an answer did not arrive in time. */
  readonly detail: RefusalDetail | undefined
  readonly peer: PeerIdentity | null
  readonly remoteAddress: string | undefined
}

/** `peerkit:forwarded:refused` and `peerkit:forwarded:stripped` */
export interface ForwardedMessage extends EventMessage {
  readonly reason: ForwardedReason
  /** More about the reason. Never the value of a header. */
  readonly detail: string | undefined
  /** The header's name. */
  readonly header: string
  /** The sender. Null if the sender has no verified certificate. */
  readonly peer: PeerIdentity | null
  readonly remoteAddress: string | undefined
}

/** What a request has for a value that a rule takes from it. */
export interface RequestValueFound {
  readonly source: 'param' | 'query' | 'header'
  /** The name of the parameter, or of the header in lower case. */
  readonly name: string
  /** Every value that the request has, at most five. */
  readonly values: readonly string[]
}

/** The rule with the fewest failed conditions. */
export interface NearestRule {
  /** Where the rule is declared, for example `config.allowedClients[1]`. */
  readonly path: string
  /** The keys that matched. */
  readonly matched: readonly string[]
  /**
   * The keys that did not match. `isClaim`: `found` is a claim of the certificate that no authority vouches for.
   * `asked`: what the request has for the values that the key takes from it.
   */
  readonly failed: readonly {
    readonly key: string
    readonly expected: readonly string[]
    readonly found: readonly string[] | undefined
    readonly note: string | undefined
    readonly isClaim?: boolean
    readonly asked?: readonly RequestValueFound[]
  }[]
}

/**
 * `peerkit:request:allowed`, `peerkit:request:denied` and `peerkit:request:would-deny`. Never send it to the client.
 */
export interface RequestJudgedMessage extends EventMessage {
  /** Undefined if the request is allowed. */
  readonly reason: RequestReason | undefined
  /** Where the rules that decided are declared: `config.allowedClients`, `scope /admin`, `rules`, … */
  readonly rules: string | undefined
  /** For an allowed request: the index of the rule that allowed it, and the group that the rule names. */
  readonly rule: number | undefined
  readonly group: string | undefined
  readonly nearest: NearestRule | undefined
  readonly peer: PeerIdentity | null
  readonly requestId: string
  readonly method: string
  /** The path of the request, without the query. */
  readonly path: string
  /** The pattern of the route. Undefined if no route matched. */
  readonly route: string | undefined
  readonly remoteAddress: string | undefined
  /** Milliseconds that the decision took. Undefined if it was not measured. */
  readonly durationMs?: number | undefined
  /** Whether the decision came from the cache. Undefined if the cache was not asked. */
  readonly cached?: boolean | undefined
}

/** `peerkit:outbound:identified` */
export interface OutboundIdentifiedMessage extends EventMessage {
  readonly origin: string
  readonly server: PeerIdentity
  readonly resumed: boolean
  /** The number of the credentials that were presented. */
  readonly generation: number
  /** The flaws of the certificate, or of a CA above it, that `tolerate` of the authority accepts. Undefined if none. */
  readonly tolerated?: readonly CertificateFlaw[] | undefined
}

/** `peerkit:outbound:refused` */
export interface OutboundRefusedMessage extends EventMessage {
  readonly origin: string
  /** An `MTLS_ERR_OUTBOUND_…` code of docs/errors.md. */
  readonly code: string | undefined
  /** The cause within that code. */
  readonly reason: OutboundReason | undefined
  readonly message: string
  /** The check that failed and the server's certificate. Undefined if no certificate is the cause. */
  readonly detail: RefusalDetail | undefined
}
