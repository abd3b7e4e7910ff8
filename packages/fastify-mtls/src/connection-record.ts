import type { IncomingMessage } from 'node:http'
import type { Http2Session, ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { PeerIdentity } from '@peerkit/identity'
import type { Standing } from './trust.ts'

/** What is known of one connection. HTTP/1.1 requests, HTTP/2 streams and WebSockets of a connection share it. */
export interface ConnectionRecord {
  /** The identity of the certificate; null where none was sent and none is required. */
  readonly peer: PeerIdentity | null
  readonly socket: TLSSocket
  readonly remoteAddress: string | undefined
  /** Replaced where the trust moved and the certificate was judged again; undefined without a certificate. */
  standing: Standing | undefined
  /** The judgement under way, which all requests of the connection wait for. */
  judging: Promise<Standing> | undefined
  /** Sockets that HTTP gave away (WebSockets): no further request brings them back to the guard. */
  upgraded: Set<Duplex> | undefined
  /** The HTTP/2 session, where there is one. */
  session: Http2Session | undefined
}

// Node gives HTTP/2 requests proxies for their socket, and takes the session from a stream that ended: each thing that a request may still hold is a key of its own.
const bySocket = new WeakMap<object, ConnectionRecord>()
const bySession = new WeakMap<Http2Session, ConnectionRecord>()
const byStream = new WeakMap<object, ConnectionRecord>()

export function createRecord (socket: TLSSocket, peer: PeerIdentity | null, standing: Standing | undefined): ConnectionRecord {
  const record = { peer, socket, remoteAddress: socket.remoteAddress, standing, judging: undefined, upgraded: undefined, session: undefined }
  bySocket.set(socket, record)
  return record
}

export function rememberSession (session: Http2Session, record: ConnectionRecord): void {
  record.session = session
  bySession.set(session, record)
}

/** The record of an HTTP/2 stream, kept for as long as the stream is. */
export function recordOfStream (stream: ServerHttp2Stream): ConnectionRecord | undefined {
  const known = byStream.get(stream)
  if (known !== undefined) return known
  const record = stream.session === undefined ? undefined : bySession.get(stream.session)
  if (record !== undefined) byStream.set(stream, record)
  return record
}

/** The record of the connection that a raw request came by; undefined for one that came by no connection of ours (`app.inject`). */
export function recordOfRequest (raw: object): ConnectionRecord | undefined {
  const { stream, socket } = raw as { stream?: ServerHttp2Stream } & Pick<IncomingMessage, 'socket'>
  if (stream !== undefined) return recordOfStream(stream)
  return socket === undefined || socket === null ? undefined : bySocket.get(socket)
}
