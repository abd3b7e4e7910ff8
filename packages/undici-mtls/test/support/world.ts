import { once } from 'node:events'
import { createServer } from 'node:https'
import type { Server, ServerOptions } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createSecureServer } from 'node:http2'
import type { Http2SecureServer } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { memoryCredentials } from '@peerkit/credentials'
import type { MemoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate, IssueOptions } from '@peerkit/dev-ca'

export interface Listening<S> {
  readonly server: S
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

type Handler = (request: IncomingMessage, response: ServerResponse) => void
export interface ServerSettings extends ServerOptions {
  readonly identity: IssuedCertificate
  readonly host?: string
  readonly path?: string
  readonly handler?: Handler
}

export const SPIFFE = 'spiffe://prod.example/ns/pay/sa/ledger'

/** A CA, a server's and a client's certificate of it, and the client's credentials. */
export async function createWorld (options: { readonly server?: IssueOptions, readonly client?: IssueOptions } = {}): Promise<{ ca: DevCa, server: IssuedCertificate, client: IssuedCertificate, credentials: MemoryCredentials }> {
  const ca = await createDevCa()
  const server = await ca.issue({ cn: 'ledger', dns: 'localhost', ip: '127.0.0.1', spiffe: SPIFFE, ...options.server })
  const client = await ca.issue({ cn: 'orders', profile: 'client', spiffe: 'spiffe://prod.example/ns/shop/sa/orders', ...options.client })
  return { ca, server, client, credentials: memoryCredentials({ cert: client.chain, key: client.key, ca: ca.root }) }
}

const defaultHandler: Handler = (request, response) => {
  request.resume().on('end', () => { response.end(request.url) })
}

/** An https server that demands client certificates, as Node does it by itself. */
export async function startServer ({ identity, handler = defaultHandler, host = '127.0.0.1', path, ...options }: ServerSettings): Promise<Listening<Server>> {
  const seen: string[] = []
  const server = createServer({ cert: identity.chain, key: identity.key, ca: identity.ca, requestCert: true, rejectUnauthorized: true, ...options }, (request, response) => {
    seen.push(request.url ?? '')
    handler(request, response)
  })
  return await listen(server, seen, host, path)
}

/** The same over HTTP/2, and HTTP/1.1 beside it. */
export async function startHttp2Server ({ identity, handler = defaultHandler, host = '127.0.0.1', path, ...options }: ServerSettings): Promise<Listening<Http2SecureServer>> {
  const seen: string[] = []
  const server = createSecureServer({ cert: identity.chain, key: identity.key, ca: identity.ca, requestCert: true, rejectUnauthorized: true, allowHTTP1: true, ...options } as object, (request, response) => {
    seen.push(`${request.httpVersion} ${request.url}`)
    handler(request as unknown as IncomingMessage, response as unknown as ServerResponse)
  })
  return await listen(server, seen, host, path)
}

async function listen<S extends Server | Http2SecureServer> (server: S, seen: string[], host: string, path: string | undefined): Promise<Listening<S>> {
  const sockets = new Set<Socket>()
  let accepted = 0
  server.on('connection', (socket: Socket) => {
    accepted++
    sockets.add(socket)
    socket.on('close', () => { sockets.delete(socket) }).on('error', () => {})
  })
  server.on('tlsClientError', () => {})
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

/** The outcome of a promise that must reject. */
export async function rejection (promise: Promise<unknown>): Promise<any> {
  return await promise.then(() => { throw new Error('it did not reject') }, (error: unknown) => error)
}
