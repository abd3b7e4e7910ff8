import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { recordOfRequest, recordOfStream } from './connection-record.ts'
import type { ConnectionRecord } from './connection-record.ts'
import type { ConnectionWatch } from './connection-watch.ts'
import { refuseRequest, refuseStream, refuseUpgrade } from './refuse.ts'

/** Lets each request through only while its connection's certificate stands. */
export class Guard {
  readonly #watch: ConnectionWatch

  constructor (watch: ConnectionWatch) {
    this.#watch = watch
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
      if (record !== undefined) this.#watch.followUpgraded(record, socket)
      return proceed()
    }, () => { refuseUpgrade(socket) })
  }

  /** Answers as `emit` does: whether somebody took the event. */
  #pass (record: ConnectionRecord | undefined, proceed: () => boolean, refuse: () => void): boolean {
    const checked = record === undefined ? 'no_certificate' : this.#watch.check(record)
    if (checked === undefined) return proceed()
    if (checked instanceof Promise) checked.then((reason) => { reason === undefined ? proceed() : refuse() }, refuse)
    else refuse()
    return true
  }
}
