import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createSecureServer } from 'node:http2'
import type { Http2SecureServer } from 'node:http2'
import { createServer } from 'node:https'
import type { Server, ServerOptions } from 'node:https'
import type { AddressInfo, Server as NetServer, Socket } from 'node:net'
import type { IssuedCertificate } from '@peerkit/dev-ca'

/** A server of Node itself that listens. */
export interface Listening<Listener extends NetServer> {
  readonly server: Listener
  readonly origin: string
  readonly port: number
  /** Sockets open at this moment. */
  readonly sockets: ReadonlySet<Socket>
  /** Connections accepted so far. */
  readonly accepted: () => number
  /** Requests that reached the handler. */
  readonly seen: string[]
  close (): Promise<void>
}

export interface ServerSettings extends ServerOptions {
  readonly identity: IssuedCertificate
  readonly host?: string
  /** A Unix socket, in place of a port. */
  readonly path?: string
  readonly handler?: (request: IncomingMessage, response: ServerResponse) => void
}

function answerUrl (request: IncomingMessage, response: ServerResponse): void {
  request.resume().on('end', () => { response.end(request.url) })
}

/** An https server that demands client certificates, as Node does it by itself. */
export async function startServer (
  { identity, handler = answerUrl, host, path, ...options }: ServerSettings
): Promise<Listening<Server>> {
  const seen: string[] = []
  const server = createServer({ ...demand(identity), ...options }, (request, response) => {
    seen.push(request.url ?? '')
    handler(request, response)
  })
  return await listen(server, { seen, host, path })
}

/** The same over HTTP/2, and HTTP/1.1 beside it. */
export async function startHttp2Server (
  { identity, handler = answerUrl, host, path, ...options }: ServerSettings
): Promise<Listening<Http2SecureServer>> {
  const seen: string[] = []
  const settings = { ...demand(identity), allowHTTP1: true, ...options } as object
  const server = createSecureServer(settings, (request, response) => {
    seen.push(`${request.httpVersion} ${request.url}`)
    handler(request as unknown as IncomingMessage, response as unknown as ServerResponse)
  })
  return await listen(server, { seen, host, path })
}

function demand ({ chain, key, ca }: IssuedCertificate): ServerOptions {
  return { cert: chain, key, ca, requestCert: true, rejectUnauthorized: true }
}

export interface ListenOptions {
  readonly seen?: string[]
  /** Default 127.0.0.1. */
  readonly host?: string | undefined
  readonly path?: string | undefined
}

/** Listens, and knows the sockets. `close` destroys those that are open. */
export async function listen<Listener extends NetServer> (
  server: Listener, { seen = [], host = '127.0.0.1', path }: ListenOptions = {}
): Promise<Listening<Listener>> {
  const sockets = new Set<Socket>()
  let accepted = 0
  server.on('connection', (socket: Socket) => {
    accepted++
    sockets.add(socket)
    socket.on('close', () => { sockets.delete(socket) }).on('error', () => {})
  })
  server.on('tlsClientError', () => {})
  // Clients of tests leave without ceremony.
  server.on('secureConnection', (socket: Socket) => { socket.on('error', () => {}) })
  if (path === undefined) server.listen(0, host)
  else server.listen(path)
  await once(server, 'listening')
  const port = path === undefined ? (server.address() as AddressInfo).port : 0
  const close = async (): Promise<void> => {
    const ended = [...sockets].map(async (socket) => { await once(socket.destroy(), 'close') })
    server.close()
    await Promise.all([once(server, 'close'), ...ended])
  }
  return { server, origin: `https://${host}:${port}`, port, sockets, accepted: () => accepted, seen, close }
}
