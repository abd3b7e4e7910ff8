import { connect, constants } from 'node:http2'
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import { connect as connectSocket } from 'node:net'
import type { Socket } from 'node:net'
import type { Clock } from '@peerkit/credentials'
import { WorkloadApiError } from '../errors.ts'
import { describeEndpoint } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import { MessageFramer } from './message-framer.ts'

/** Calls of one server stream. After `onEnd` there are no others. */
export interface StreamListener {
  /** Must not throw. */
  onMessage (octets: Uint8Array): void
  onEnd (error: WorkloadApiError): void
}

/** An open server stream. */
export interface ServerStream {
  /** Ends it. `onEnd` is not called. */
  close (): void
}

export interface StreamOptions {
  readonly endpoint: Endpoint
  /** `/SpiffeWorkloadAPI/FetchX509SVID`. */
  readonly method: string
  readonly clock: Clock
  /** Milliseconds between two pings. */
  readonly pingInterval: number
  /** Milliseconds that the agent may take to accept the connection, and to answer a ping. */
  readonly pingTimeout: number
}

/** gRPC statuses that mean something here (gRPC, statuscodes). */
const INVALID_ARGUMENT = 3
const PERMISSION_DENIED = 7

/** What an error of the connection means here. */
const MEANINGS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket',
  ECONNREFUSED: 'nothing listens there',
  EACCES: 'this user may not open it'
}

/**
 * Calls a method of the Workload API that answers with a stream, with an empty request. It keeps no process alive.
 *
 * Written for `node:http2`, because one method with an empty request needs little of a gRPC client.
 */
export function openServerStream (options: StreamOptions, listener: StreamListener): ServerStream {
  return new Stream(options, listener)
}

class Stream implements ServerStream {
  readonly #options: StreamOptions
  readonly #listener: StreamListener
  readonly #socket: Socket
  readonly #session: ClientHttp2Session
  #status: WorkloadApiError | undefined
  #cancelTimer: () => void
  #isOver = false

  constructor (options: StreamOptions, listener: StreamListener) {
    this.#options = options
    this.#listener = listener
    this.#socket = connectSocket('path' in options.endpoint ? { path: options.endpoint.path } : options.endpoint)
    this.#socket.unref()
    this.#session = connect('http://localhost', { createConnection: () => this.#socket })
    this.#session.unref()
    this.#session.on('error', (error) => { this.#end(this.#lost(error)) })
    this.#session.on('close', () => { this.#end(this.#lost()) })
    this.#session.on('goaway', () => { this.#end(this.#ended()) })
    this.#session.once('remoteSettings', () => { this.#pingLater() })
    this.#cancelTimer = this.#limit('accept the connection')
    this.#call()
  }

  close (): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancelTimer()
    this.#session.destroy()
    this.#socket.destroy()
  }

  get #where (): string { return describeEndpoint(this.#options.endpoint) }

  #call (): ClientHttp2Stream {
    const stream = this.#session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: this.#options.method,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
      te: 'trailers',
      // Without it the agent refuses: a browser or a forged request cannot set it (SPIFFE Workload Endpoint section 3).
      'workload.spiffe.io': 'true'
    })
    const framer = new MessageFramer()
    stream.on('response', (headers) => { this.#readHeaders(headers) })
    stream.on('trailers', (headers) => { this.#readStatus(headers) })
    stream.on('data', (chunk: Buffer) => { this.#read(framer, chunk) })
    stream.on('error', (error) => { this.#end(this.#lost(error)) })
    // An agent that stops closes the stream, and there is no error event.
    stream.on('close', () => { this.#end(this.#status ?? this.#lost()) })
    // A message of no octets: the request is empty.
    stream.end(Buffer.alloc(5))
    return stream
  }

  #read (framer: MessageFramer, chunk: Buffer): void {
    try {
      framer.add(chunk)
      for (let message = framer.take(); message !== undefined && !this.#isOver; message = framer.take()) {
        this.#listener.onMessage(message)
      }
    } catch (error) {
      if (!(error instanceof WorkloadApiError)) throw error
      this.#end(error)
    }
  }

  #readHeaders (headers: IncomingHttpHeaders): void {
    const status = headers[constants.HTTP2_HEADER_STATUS]
    const type = String(headers[constants.HTTP2_HEADER_CONTENT_TYPE] ?? '')
    if (Number(status) !== 200) {
      this.#end(new WorkloadApiError('protocol', `${this.#where} answered with HTTP status ${String(status)}`))
    } else if (!type.startsWith('application/grpc')) {
      const found = JSON.stringify(type.slice(0, 100))
      this.#end(new WorkloadApiError('protocol', `${this.#where} answered with the content type ${found}, not gRPC`))
    } else this.#readStatus(headers)
  }

  /** The status of a call is in the trailers, or in the headers where nothing else was sent. */
  #readStatus (headers: IncomingHttpHeaders): void {
    const status = headers['grpc-status']
    if (status === undefined) return
    const code = Number(status)
    const text = decodeMessage(String(headers['grpc-message'] ?? ''))
    const meaning = code === PERMISSION_DENIED ? ' (the agent knows no entry for this process)' : ''
    const said = `${this.#where} answered with gRPC status ${code}${text === '' ? '' : `: ${text}`}${meaning}`
    const reason = code === PERMISSION_DENIED ? 'denied' : code === INVALID_ARGUMENT ? 'refused' : 'status'
    this.#status = code === 0 ? this.#ended() : new WorkloadApiError(reason, said, { status: code })
  }

  #ended (): WorkloadApiError { return new WorkloadApiError('ended', `${this.#where} ended the stream`) }

  #lost (error?: Error): WorkloadApiError {
    // What ends a call is that it was cancelled. Its cause says why: nothing listens, for example.
    const cause = error?.cause instanceof Error ? error.cause : error
    const { code } = (cause ?? {}) as NodeJS.ErrnoException
    const meaning = MEANINGS[code ?? '']
    const failed = `failed: ${code ?? cause?.message}${meaning === undefined ? '' : ` (${meaning})`}`
    const detail = cause === undefined ? 'closed the connection' : failed
    return new WorkloadApiError('unreachable', `${this.#where} ${detail}`, cause === undefined ? {} : { cause })
  }

  /** A host that is gone, or a process that is stopped, closes nothing. */
  #limit (what: string): () => void {
    const { clock, pingTimeout } = this.#options
    return clock.schedule(() => {
      this.#end(new WorkloadApiError('timeout', `${this.#where} did not ${what} within ${pingTimeout} ms`))
    }, pingTimeout)
  }

  #pingLater (): void {
    if (this.#isOver) return
    this.#cancelTimer()
    this.#cancelTimer = this.#options.clock.schedule(() => { this.#ping() }, this.#options.pingInterval)
  }

  #ping (): void {
    // Then `close` of the session follows.
    if (this.#session.destroyed) return
    this.#cancelTimer = this.#limit('answer a ping')
    this.#session.ping((error) => { if (error === null) this.#pingLater() })
  }

  #end (error: WorkloadApiError): void {
    if (this.#isOver) return
    this.close()
    this.#listener.onEnd(error)
  }
}

/**
 * Text of a status: octets that are not printable are percent-encoded. It is shown, so it is shortened, and characters
 * that move a cursor, break a line or change the direction are escaped.
 */
function decodeMessage (text: string): string {
  return decodePercents(text).slice(0, 300).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (hidden) => {
    return `\\u{${(hidden.codePointAt(0) as number).toString(16)}}`
  })
}

/** A text that is not encoded stays as it is. */
function decodePercents (text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
