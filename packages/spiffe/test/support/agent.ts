import { once } from 'node:events'
import { createServer } from 'node:http2'
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeSvidResponse } from './messages.ts'
import type { ResponseFields } from './messages.ts'

interface Test { after (task: () => unknown): unknown }

/** A Workload API for tests, which can be told to do what no agent should. */
export interface Agent {
  /** The option `socket`. */
  readonly address: string
  /** The headers of each call, in order. */
  readonly calls: IncomingHttpHeaders[]
  /** Open streams. */
  readonly streams: ReadonlySet<ServerHttp2Stream>
  /** What new streams get first, and what open ones get now. */
  push (response: ResponseFields): void
  /** Octets as they are, to open streams alone. */
  pushRaw (octets: Uint8Array): void
  /** From now on calls get this gRPC status, and open streams end with it. Undefined: they are served again. */
  answer (status: number | undefined, message?: string): void
  /** Waits for the next call. */
  nextCall (): Promise<ServerHttp2Stream>
  /** Ends all connections without a word. The socket stays. */
  drop (): void
  stop (): Promise<void>
  start (): Promise<void>
}

/** Starts one at a Unix socket of its own, or at a port of 127.0.0.1. */
export async function startAgent (t: Test, at: 'unix' | 'tcp' = 'unix'): Promise<Agent> {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-agent-'))
  const path = join(folder, 'agent.sock')
  const calls: IncomingHttpHeaders[] = []
  const streams = new Set<ServerHttp2Stream>()
  const sessions = new Set<ServerHttp2Session>()
  const waiting: Array<(stream: ServerHttp2Stream) => void> = []
  let last: Buffer | undefined
  let refusal: { readonly status: number, readonly message: string } | undefined
  let server = makeServer()
  let port = 0

  function makeServer (): ReturnType<typeof createServer> {
    const made = createServer()
    made.on('session', (session) => {
      sessions.add(session)
      session.on('error', () => {}).on('close', () => { sessions.delete(session) })
    })
    made.on('stream', (stream, headers) => {
      calls.push(headers)
      stream.on('error', () => {})
      if (refusal !== undefined) refuse(stream, refusal)
      else {
        streams.add(stream)
        stream.on('close', () => { streams.delete(stream) })
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
        if (last !== undefined) stream.write(frame(last))
      }
      for (const wake of waiting.splice(0)) wake(stream)
    })
    return made
  }

  function refuse (stream: ServerHttp2Stream, { status, message }: { status: number, message: string }): void {
    const trailers = { 'grpc-status': String(status), 'grpc-message': encodeURIComponent(message) }
    if (stream.headersSent) {
      stream.on('wantTrailers', () => { stream.sendTrailers(trailers) })
      stream.end()
    } else stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...trailers }, { endStream: true })
  }

  async function start (): Promise<void> {
    if (at === 'unix') server.listen(path)
    else server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    if (at === 'tcp') port = (server.address() as { port: number }).port
  }

  async function stop (): Promise<void> {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const session of sessions) session.destroy()
    await closed
    server = makeServer()
  }

  await start()
  t.after(async () => {
    await stop()
    await rm(folder, { recursive: true, force: true })
  })
  return {
    get address () { return at === 'unix' ? `unix:${path}` : `tcp://127.0.0.1:${port}` },
    calls,
    streams,
    push (response) {
      last = writeSvidResponse(response)
      for (const stream of streams) stream.write(frame(last))
    },
    pushRaw (octets) { for (const stream of streams) stream.write(octets) },
    answer (status, message = '') {
      refusal = status === undefined ? undefined : { status, message }
      if (refusal !== undefined) for (const stream of streams) refuse(stream, refusal)
    },
    nextCall: async () => await new Promise((resolve) => { waiting.push(resolve) }),
    drop () { for (const session of sessions) session.destroy() },
    stop,
    start
  }
}

/** A message of gRPC. */
export function frame (message: Uint8Array, flag = 0, length = message.length): Buffer {
  const head = Buffer.alloc(5)
  head[0] = flag
  head.writeUInt32BE(length, 1)
  return Buffer.concat([head, message])
}
