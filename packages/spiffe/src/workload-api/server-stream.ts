import { connect, constants } from 'node:http2'
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import { connect as connectSocket } from 'node:net'
import type { Socket } from 'node:net'
import { withTimeout } from '@peerkit/identity/internal'
import { WorkloadApiError } from '../errors.ts'
import { describeEndpoint } from './endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import { MessageFramer } from './message-framer.ts'

/** Calls of one server stream. After `onEnd` there are no others. */
export interface StreamListener {
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
  /** How often the agent is asked whether it is still there, and how long it may take to answer, in milliseconds. */
  readonly pingInterval: number
  readonly pingTimeout: number
}

/** gRPC statuses that mean something here (gRPC, statuscodes). */
const INVALID_ARGUMENT = 3
const PERMISSION_DENIED = 7

/**
 * Calls a method of the Workload API that answers with a stream, with an empty request. It keeps no process alive.
 */
export function openServerStream (options: StreamOptions, listener: StreamListener): ServerStream {
  return new Stream(options, listener)
}

class Stream implements ServerStream {
  readonly #options: StreamOptions
  readonly #listener: StreamListener
  readonly #socket: Socket
  readonly #session: ClientHttp2Session
  readonly #stream: ClientHttp2Stream
  #status: WorkloadApiError | undefined
  #pings: NodeJS.Timeout | undefined
  #isOver = false

  constructor (options: StreamOptions, listener: StreamListener) {
    this.#options = options
    this.#listener = listener
    this.#socket = connectSocket('path' in options.endpoint ? { path: options.endpoint.path } : options.endpoint)
    this.#socket.unref()
    this.#session = connect('http://localhost', { createConnection: () => this.#socket })
    this.#session.on('error', (error) => { this.#end(this.#lost(error)) })
    this.#session.on('close', () => { this.#end(this.#lost()) })
    this.#session.on('goaway', () => { this.#end(new WorkloadApiError('ended', `${this.#where} says goodbye`)) })
    this.#session.unref()
    this.#stream = this.#call()
    this.#pings = setInterval(() => { this.#ping() }, options.pingInterval).unref()
  }

  close (): void {
    if (this.#isOver) return
    this.#isOver = true
    clearInterval(this.#pings)
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
    stream.on('response', (headers) => {
      const httpStatus = headers[constants.HTTP2_HEADER_STATUS]
      if (httpStatus !== 200) {
        this.#end(new WorkloadApiError('protocol', `${this.#where} answered with HTTP status ${String(httpStatus)}`))
      } else this.#readStatus(headers)
    })
    stream.on('trailers', (headers) => { this.#readStatus(headers) })
    stream.on('data', (chunk: Buffer) => {
      try {
        for (const message of framer.add(chunk)) {
          if (this.#isOver) return
          this.#listener.onMessage(message)
        }
      } catch (error) {
        this.#end(error instanceof WorkloadApiError ? error : this.#lost(error as Error))
      }
    })
    stream.on('error', (error) => { this.#end(this.#lost(error)) })
    // An agent that stops closes the stream, and there is no error event.
    stream.on('close', () => { this.#end(this.#status ?? this.#lost()) })
    // A message of no octets: the requests of both streams are empty.
    stream.end(Buffer.alloc(5))
    return stream
  }

  /** The status of a call is in the trailers, or in the headers where nothing else was sent. */
  #readStatus (headers: IncomingHttpHeaders): void {
    const status = headers['grpc-status']
    if (status === undefined) return
    const code = Number(status)
    const text = decodeMessage(String(headers['grpc-message'] ?? ''))
    const said = `${this.#where} answered with gRPC status ${code}${text === '' ? '' : `: ${text}`}`
    const reason = code === PERMISSION_DENIED ? 'denied' : code === INVALID_ARGUMENT ? 'refused' : 'status'
    this.#status = code === 0
      ? new WorkloadApiError('ended', `${this.#where} ended the stream`)
      : new WorkloadApiError(reason, said, { status: code })
  }

  #lost (cause?: Error): WorkloadApiError {
    const { code } = (cause ?? {}) as NodeJS.ErrnoException
    const detail = cause === undefined ? 'closed the connection' : `failed: ${code ?? cause.message}`
    return new WorkloadApiError('unreachable', `${this.#where} ${detail}`, { cause })
  }

  /** A host that is gone, or an agent that is stopped, closes nothing. */
  #ping (): void {
    if (this.#isOver || this.#session.connecting) return
    const { pingTimeout } = this.#options
    const answered = new Promise<void>((resolve) => { this.#session.ping(() => { resolve() }) })
    withTimeout(async () => { await answered }, pingTimeout).catch(() => {
      this.#end(new WorkloadApiError('timeout', `${this.#where} did not answer a ping within ${pingTimeout} ms`))
    })
  }

  #end (error: WorkloadApiError): void {
    if (this.#isOver) return
    this.close()
    this.#listener.onEnd(error)
  }
}

/** Text of a status: octets that are not printable are percent-encoded. It is shown, so it is shortened. */
function decodeMessage (text: string): string {
  const short = text.slice(0, 300)
  try {
    return decodeURIComponent(short)
  } catch {
    return short
  }
}
