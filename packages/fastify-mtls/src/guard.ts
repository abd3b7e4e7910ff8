import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { connectionEnded } from './channels.ts'
import { recordOfRequest, recordOfStream } from './connection-record.ts'
import type { ConnectionRecord } from './connection-record.ts'
import { MTLS_ERR_PEER_NO_LONGER_TRUSTED } from './errors.ts'
import type { RefusalReason } from './refusal.ts'
import type { Trust } from './trust.ts'

const body = ((): string => {
  const { statusCode, code, message } = new MTLS_ERR_PEER_NO_LONGER_TRUSTED()
  return JSON.stringify({ statusCode, code, error: 'Unauthorized', message })
})()

/**
 * Lets each request through only while its connection's certificate stands. At once where it does: two numbers and a clock. Judges again, once, where the trust moved.
 */
export class Guard {
  readonly #trust: Trust

  constructor (trust: Trust) {
    this.#trust = trust
  }

  /** The reason why a connection must not be served; undefined where it may be. */
  check (record: ConnectionRecord): RefusalReason | undefined | Promise<RefusalReason | undefined> {
    const { peer, standing } = record
    if (peer === null || standing === undefined) return undefined
    if (standing.reason !== undefined) return standing.reason
    if (this.#trust.stands(standing)) return undefined
    const judged = this.#trust.judge(peer)
    const take = (next: typeof standing): RefusalReason | undefined => {
      // What was refused once stays refused: this connection is on its way out.
      if (record.standing?.reason !== undefined) return record.standing.reason
      record.standing = next
      if (next.reason !== undefined) this.#announce(record, next.reason)
      return next.reason
    }
    return judged instanceof Promise ? judged.then(take, () => 'revocation_unknown' as const) : take(judged)
  }

  request (request: IncomingMessage, response: ServerResponse, proceed: () => boolean): boolean {
    return this.#pass(recordOfRequest(request), proceed, () => { refuseRequest(response) })
  }

  stream (stream: ServerHttp2Stream, proceed: () => boolean): boolean {
    return this.#pass(recordOfStream(stream), () => !stream.destroyed && proceed(), () => { refuseStream(stream) })
  }

  upgrade (request: IncomingMessage, socket: Duplex, proceed: () => boolean): boolean {
    const record = recordOfRequest(request)
    return this.#pass(record, () => {
      if (record !== undefined) followUpgraded(record, socket)
      return proceed()
    }, () => { refuseUpgrade(socket) })
  }

  /** Answers as `emit` does: whether somebody took the event. */
  #pass (record: ConnectionRecord | undefined, proceed: () => boolean, refuse: () => void): boolean {
    const checked = record === undefined ? 'no_certificate' : this.check(record)
    if (checked === undefined) return proceed()
    if (checked instanceof Promise) checked.then((reason) => { reason === undefined ? proceed() : refuse() }).catch(refuse)
    else refuse()
    return true
  }

  #announce ({ peer, remoteAddress }: ConnectionRecord, reason: RefusalReason): void {
    if (connectionEnded.hasSubscribers) connectionEnded.publish({ v: 1, time: this.#trust.now(), reason, peer, remoteAddress })
  }
}

function refuseRequest (response: ServerResponse): void {
  const { socket } = response
  response.writeHead(401, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body), connection: 'close' })
  response.end(body, () => { socket?.destroySoon() })
}

function refuseStream (stream: ServerHttp2Stream): void {
  const { session } = stream
  if (stream.destroyed) return
  stream.on('error', () => {})
  stream.respond({ ':status': 401, 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) })
  stream.end(body)
  // GOAWAY: streams that run are finished, new ones are not taken.
  session?.close()
}

function refuseUpgrade (socket: Duplex): void {
  socket.on('error', () => {})
  socket.end(`HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
}

function followUpgraded (record: ConnectionRecord, socket: Duplex): void {
  const upgraded = record.upgraded ??= new Set()
  upgraded.add(socket)
  socket.once('close', () => { upgraded.delete(socket) })
}
