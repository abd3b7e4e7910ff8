import { STATUS_CODES } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { PeerNoLongerTrustedError } from '../errors.ts'

const TYPE = 'application/json; charset=utf-8'

/** The body, in the shape of Fastify's own errors. It does not reveal the reason. */
const body = ((): string => {
  const { statusCode, code, message } = new PeerNoLongerTrustedError()
  return JSON.stringify({ statusCode, code, error: 'Unauthorized', message })
})()

/** Answers 401 and closes the connection. */
export function refuseRequest (response: ServerResponse): void {
  const { socket } = response
  response.writeHead(401, { 'content-type': TYPE, 'content-length': Buffer.byteLength(body), connection: 'close' })
  response.end(body, () => { socket?.destroySoon() })
}

/** Answers 401 and sends GOAWAY: running streams finish, new ones are refused (RFC 9113 section 6.8). */
export function refuseStream (stream: ServerHttp2Stream): void {
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

/** Answers 401 on a socket that HTTP has already released. */
export function refuseUpgrade (socket: Duplex): void {
  answerUpgrade(socket, new PeerNoLongerTrustedError())
}
