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

  /** Whether a connection may be served at once: nearly always, so this is what a request costs. Where it is false, the others say what becomes of it. */
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
    }, () => { refuseUpgrade(socket) })
  }

  #decide (record: ConnectionRecord | undefined, proceed: () => boolean, refuse: () => void): void {
    const checked = record === undefined ? 'no_certificate' : this.#watch.check(record)
    if (checked === undefined) proceed()
    else if (checked instanceof Promise) checked.then((reason) => { reason === undefined ? proceed() : refuse() }, refuse)
    else refuse()
  }
}
