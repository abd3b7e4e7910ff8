import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import { isThenable } from '@peerkit/identity/internal'
import { recordOfRequest, recordOfStream } from './connection-record.ts'
import type { ConnectionRecord } from './connection-record.ts'
import type { ConnectionWatch } from './connection-watch.ts'
import { refuseRequest, refuseStream, refuseUpgrade } from './refuse.ts'

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
    }, () => { refuseUpgrade(socket) })
  }

  #decide (record: ConnectionRecord | undefined, proceed: () => boolean, refuse: () => void): void {
    const checked = record === undefined ? 'no_certificate' : this.#watch.check(record)
    if (checked === undefined) proceed()
    else if (!isThenable(checked)) refuse()
    else checked.then((reason) => { reason === undefined ? proceed() : refuse() }, refuse)
  }
}
