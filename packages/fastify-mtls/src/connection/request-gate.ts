import { STATUS_CODES } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { isThenable } from '@peerkit/identity/internal'
import { PeerNoLongerTrustedError } from '../errors.ts'
import { recordOfRequest, recordOfStream } from './connection-record.ts'
import type { ConnectionRecord } from './connection-record.ts'
import type { ConnectionWatch } from './connection-watch.ts'

/** An answer of the server itself, before Fastify or without it. */
export interface OwnAnswer {
  readonly status: number
  readonly headers: { readonly 'content-type': string, readonly 'content-length': number }
  readonly body: string
}

/** Describes an error as Fastify does. The text of errors of others is not for clients. */
export function answerOf (error: unknown): OwnAnswer {
  const { statusCode = 500, code, message } = error as { statusCode?: number, code?: string, message: string }
  const isOurs = code?.startsWith('MTLS_ERR_') === true
  const name = STATUS_CODES[statusCode] ?? 'Error'
  const body = JSON.stringify({ statusCode, ...(isOurs && { code }), error: name, message: isOurs ? message : name })
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) }
  return { status: statusCode, headers, body }
}

/** It does not reveal the reason. */
const NO_LONGER_TRUSTED = answerOf(new PeerNoLongerTrustedError())

/** Accepts a request only while the certificate of its connection is accepted. */
export class RequestGate {
  readonly #watch: ConnectionWatch

  constructor (watch: ConnectionWatch) {
    this.#watch = watch
  }

  /**
   * Whether a connection may be served at once. This is the fast path of nearly every request. If it is false, call one
   * of the other methods.
   */
  isOpen (record: ConnectionRecord | undefined): record is ConnectionRecord {
    return record !== undefined && this.#watch.check(record) === undefined
  }

  request (request: IncomingMessage, response: ServerResponse, proceed: () => boolean): void {
    this.#decide(recordOfRequest(request), proceed, () => { refuseRequest(response) })
  }

  stream (stream: ServerHttp2Stream, proceed: () => boolean): void {
    this.#decide(recordOfStream(stream), () => !stream.destroyed && proceed(), () => { refuseStream(stream) })
  }

  upgrade (request: IncomingMessage, socket: Duplex, proceed: () => boolean): void {
    const record = recordOfRequest(request)
    this.#decide(record, () => {
      if (record !== undefined) this.#watch.followUpgraded(record, socket)
      return proceed()
    }, () => { answerUpgrade(socket, NO_LONGER_TRUSTED) })
  }

  #decide (record: ConnectionRecord | undefined, proceed: () => boolean, refuse: () => void): void {
    const checked = record === undefined ? 'no_certificate' : this.#watch.check(record)
    if (checked === undefined) proceed()
    else if (!isThenable(checked)) refuse()
    else checked.then((reason) => { reason === undefined ? proceed() : refuse() }, refuse)
  }
}

/** Answers 401 and closes the connection. */
function refuseRequest (response: ServerResponse): void {
  const { socket } = response
  const { status, headers, body } = NO_LONGER_TRUSTED
  response.writeHead(status, { ...headers, connection: 'close' })
  response.end(body, () => { socket?.destroySoon() })
}

/** Answers 401 and sends GOAWAY: running streams finish, new ones are refused (RFC 9113 section 6.8). */
function refuseStream (stream: ServerHttp2Stream): void {
  const { session } = stream
  if (stream.destroyed) return
  const { status, headers, body } = NO_LONGER_TRUSTED
  stream.on('error', () => {})
  stream.respond({ ':status': status, ...headers })
  stream.end(body)
  // Asks the client not to send the rest, which may never end (RFC 9113 section 8.1).
  stream.close()
  session?.close()
}

/** Answers with an error, on a socket that HTTP has already released, and closes it. */
export function answerUpgrade (socket: Duplex, { status, headers, body }: OwnAnswer): void {
  socket.on('error', () => {})
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`, 'Connection: close',
    `Content-Type: ${headers['content-type']}`, `Content-Length: ${headers['content-length']}`, '', body
  ]
  socket.end(lines.join('\r\n'), () => { socket.destroy() })
}
