import type { Http2Session, ServerHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { HandshakeReason, RefusalDetail } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'
import type { AddedCheck } from '@peerkit/identity/internal'
import type { Accepted, Refused } from '@peerkit/trust'

/** What a client presented when its connection was opened. It is evaluated again when the trust changes. */
export interface PresentedClient {
  readonly leaf: Uint8Array
  readonly sent: readonly Uint8Array[]
  readonly resumed: boolean
}

/** Why a certificate is not accepted, or not any more. */
export interface CertificateRefusal {
  readonly reason: HandshakeReason
  readonly detail: RefusalDetail | undefined
}

/** The state of one connection. HTTP/1.1 requests, HTTP/2 streams and WebSockets of a connection share it. */
export interface ConnectionRecord {
  /**
   * The identity of the certificate, with the chain of the current decision; null if the client sent none and none is
   * required.
   */
  peer: PeerIdentity | null
  readonly socket: TLSSocket
  readonly remoteAddress: string | undefined
  /** Undefined without a certificate. */
  readonly presented: PresentedClient | undefined
  /** The current decision; undefined without a certificate. */
  decision: Accepted | undefined
  /** Why the certificate is no longer accepted. Once it is set, the connection is draining. */
  refusal: CertificateRefusal | undefined
  /** The evaluation in progress, which all requests of the connection wait for. */
  deciding: Promise<void> | undefined
  /** The check of the upgraded socket (WebSocket), if there is one. No check of a request would catch it. */
  upgraded: AddedCheck | undefined
  /** The HTTP/2 session, if there is one. */
  session: Http2Session | undefined
}

/**
 * Key of the record on sockets, sessions and streams. A WeakMap entry for each stream would cost more than everything
 * else that is done for a request. The symbol is not registered, so no other code can set it.
 */
const RECORD: unique symbol = Symbol('peerkit.connection')

interface Marked { [RECORD]?: ConnectionRecord }

/** @param accepted undefined if the client sent no certificate */
export function createRecord (
  socket: TLSSocket & Marked, accepted: { readonly decision: Accepted, readonly presented: PresentedClient } | undefined
): ConnectionRecord {
  const record: ConnectionRecord = {
    peer: accepted?.decision.peer ?? null,
    socket,
    remoteAddress: socket.remoteAddress,
    presented: accepted?.presented,
    decision: accepted?.decision,
    refusal: undefined,
    deciding: undefined,
    upgraded: undefined,
    session: undefined
  }
  socket[RECORD] = record
  return record
}

export function rememberSession (session: Http2Session & Marked, record: ConnectionRecord): void {
  record.session = session
  session[RECORD] = record
}

/**
 * The record of an HTTP/2 stream. Node removes the session from a stream that ended, and a request may still ask, so
 * the record is kept on the stream.
 */
export function recordOfStream (stream: ServerHttp2Stream & Marked): ConnectionRecord | undefined {
  const known = stream[RECORD]
  if (known !== undefined) return known
  const record = (stream.session as Marked | undefined)?.[RECORD]
  if (record !== undefined) stream[RECORD] = record
  return record
}

/**
 * The record of the connection of a raw request; undefined if the request came over no verified connection
 * (`app.inject`).
 */
export function recordOfRequest (raw: object): ConnectionRecord | undefined {
  const { stream, socket } = raw as { stream?: ServerHttp2Stream, socket?: Marked | null }
  return stream !== undefined ? recordOfStream(stream) : socket?.[RECORD]
}

/** The refusal of a certificate that was accepted before: if no path is left, its CA was removed. */
export function refusalAfterAcceptance ({ reason, detail }: Refused): CertificateRefusal {
  return { reason: reason === 'unknown_ca' ? 'ca_removed' : reason, detail }
}
