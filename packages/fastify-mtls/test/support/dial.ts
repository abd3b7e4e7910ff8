import http2 from 'node:http2'
import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { Identity, World } from './world.ts'

export type Protocol = 'HTTP/1.1' | 'HTTP/2'

/** One connection of our own making, over which requests go one after the other. */
export interface Dialled {
  readonly socket: TLSSocket
  /** Whether the TLS session was resumed. */
  readonly resumed: boolean
  /** The last session to resume that the server gave. */
  readonly session: Buffer | undefined
  /** Sends a request; the status, or undefined where the connection ended without an answer. */
  ask (path?: string): Promise<number | undefined>
  close (): Promise<void>
}

/** Connects; does not wait for the server to accept, which under TLS 1.3 nobody could. */
export async function dial ({ port, ca }: Pick<World, 'port' | 'ca'>, protocol: Protocol, identity: Identity | undefined, options: ConnectionOptions = {}): Promise<Dialled> {
  const socket = connect({ host: '127.0.0.1', port, ca: ca.root, ...(identity !== undefined && { cert: identity.cert, key: identity.key }), ALPNProtocols: [protocol === 'HTTP/2' ? 'h2' : 'http/1.1'], ...options })
  let session: Buffer | undefined
  socket.on('session', (next) => { session = next })
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => { socket.once('close', () => { resolve() }) })
  await Promise.race([new Promise<void>((resolve) => { socket.once('secureConnect', resolve) }), closed])
  const resumed = !socket.destroyed && socket.isSessionReused()
  const ask = protocol === 'HTTP/2' ? askHttp2(socket) : askHttp1(socket)
  return {
    socket,
    resumed,
    get session () { return session },
    ask,
    async close () {
      socket.destroy()
      await closed
    }
  }
}

function askHttp1 (socket: TLSSocket): Dialled['ask'] {
  let text = ''
  let arrived = (): void => {}
  socket.on('data', (chunk) => {
    text += String(chunk)
    arrived()
  })
  socket.on('close', () => { arrived() })
  return async (path = '/') => {
    if (!socket.destroyed) socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    for (;;) {
      const [, status, length, body] = /^HTTP\/1\.1 (\d+)[^]*?\r\ncontent-length: (\d+)[^]*?\r\n\r\n([^]*)$/i.exec(text) ?? []
      if (body !== undefined && body.length >= Number(length)) {
        text = body.slice(Number(length))
        return Number(status)
      }
      if (socket.destroyed) return undefined
      await new Promise<void>((resolve) => { arrived = resolve })
    }
  }
}

function askHttp2 (socket: TLSSocket): Dialled['ask'] {
  if (socket.destroyed) return async () => undefined
  const session = http2.connect('https://localhost', { createConnection: () => socket })
  session.on('error', () => {})
  return async (path = '/') => {
    if (session.destroyed || session.closed) return undefined
    const stream = session.request({ ':path': path })
    let status: number | undefined
    stream.on('response', (headers) => { status = headers[':status'] })
    stream.on('error', () => {})
    stream.resume()
    await new Promise<void>((resolve) => { stream.once('close', () => { resolve() }) })
    return status
  }
}
