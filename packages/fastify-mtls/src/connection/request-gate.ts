import { STATUS_CODES } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { isThenable } from '@peerkit/identity/internal'
import { PeerNoLongerTrustedError } from '../errors.ts'
import { recordOfRequest, recordOfStream } from './connection-record.ts'
import type { ConnectionRecord } from './connection-record.ts'
import type { ConnectionWatch } from './connection-watch.ts'

const TYPE = 'application/json; charset=utf-8'

/** The body, in the shape of Fastify's own errors. It does not reveal the reason. */
const body = ((): string => {
  const { statusCode, code, message } = new PeerNoLongerTrustedError()
  return JSON.stringify({ statusCode, code, error: 'Unauthorized', message })
})()

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
    }, () => { answerUpgrade(socket, new PeerNoLongerTrustedError()) })
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
  response.writeHead(401, { 'content-type': TYPE, 'content-length': Buffer.byteLength(body), connection: 'close' })
  response.end(body, () => { socket?.destroySoon() })
}

/** Answers 401 and sends GOAWAY: running streams finish, new ones are refused (RFC 9113 section 6.8). */
function refuseStream (stream: ServerHttp2Stream): void {
  const { session } = stream
  if (stream.destroyed) return
  stream.on('error', () => {})
  stream.respond({ ':status': 401, 'content-type': TYPE, 'content-length': Buffer.byteLength(body) })
  stream.end(body)
  session?.close()
}

/** Answers an upgrade with an error, on a socket that HTTP has already released, and closes it. */
export function answerUpgrade (socket: Duplex, error: unknown): void {
  const { statusCode = 500, code, message } = error as { statusCode?: number, code?: string, message: string }
  const isOurs = code?.startsWith('MTLS_ERR_') === true
  const name = STATUS_CODES[statusCode] ?? 'Error'
  const text = JSON.stringify({
    statusCode, ...(isOurs && { code }), error: name, message: isOurs ? message : name
  })
  socket.on('error', () => {})
  const lines = [
    `HTTP/1.1 ${statusCode} ${name}`, 'Connection: close', `Content-Type: ${TYPE}`,
    `Content-Length: ${Buffer.byteLength(text)}`, '', text
  ]
  socket.end(lines.join('\r\n'), () => { socket.destroy() })
}
