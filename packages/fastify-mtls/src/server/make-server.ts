import { createSecureServer } from 'node:http2'
import type { Http2SecureServer, ServerHttp2Session } from 'node:http2'
import { createServer } from 'node:https'
import type { Server as HttpsServer } from 'node:https'
import type { FastifyServerFactory } from 'fastify'
import { checkHttpOptions, pickHttpOptions } from './fastify-options.ts'
import type { MtlsServer } from '../handshake/handshake-gate.ts'
import { listenOnAllLocalhost } from './listen-on-all-localhost.ts'
import type { ServerContext } from './server-context.ts'
import { trustContextOptions } from './tls-contexts.ts'
import type { MtlsServerOptions } from './server-options.ts'

type Handler = (...args: any[]) => void
type Options = Record<string, any>

/** Makes a server factory for Fastify. Its servers serve HTTP/1.1 and verify client certificates. */
export function makeHttpsFactory (context: ServerContext, mtls: MtlsServerOptions): FastifyServerFactory<HttpsServer> {
  return makeFactory(context, false, (handler, options) => {
    const server = createServer(
      { ...pickHttpOptions(options), ...tlsServerOptions(context, mtls, ['http/1.1']) }, handler
    )
    applyTimeouts(server, options)
    return server
  })
}

/**
 * Makes a server factory for Fastify. Its servers serve HTTP/2, and HTTP/1.1 unless disabled, and verify client
 * certificates.
 */
export function makeHttp2Factory (
  context: ServerContext, mtls: MtlsServerOptions
): FastifyServerFactory<Http2SecureServer> {
  const { allowHTTP1 = true } = mtls
  return makeFactory(context, true, (handler, options) => {
    const tls = tlsServerOptions(context, mtls, allowHTTP1 ? ['h2', 'http/1.1'] : ['h2'])
    // Node answers clients without ALPN, and would let them keep their socket for ten seconds.
    const server = createSecureServer(
      { unknownProtocolTimeout: 1_000, ...pickHttpOptions(options), ...tls, allowHTTP1 }, handler
    )
    applyTimeouts(server as unknown as HttpsServer, options)
    followSessions(server, options)
    return server
  })
}

function makeFactory<Server extends MtlsServer> (
  context: ServerContext, isHttp2: boolean, make: (handler: Handler, options: Options) => Server
): FastifyServerFactory<any> {
  return (handler, options) => {
    context.claim(handler)
    checkHttpOptions(options as Options, isHttp2)
    const makeOne = (): Server => {
      const server = make(handler as Handler, options as Options)
      context.attach(server)
      return server
    }
    const server = makeOne()
    listenOnAllLocalhost(server, makeOne)
    context.lead(server)
    return server
  }
}

/** Options without a key. Node keeps them on the server, where they could be shown; `ServerContext` sets the key. */
function tlsServerOptions (
  { credentials }: ServerContext, mtls: MtlsServerOptions, protocols: readonly string[]
): object {
  return {
    ...trustContextOptions(credentials.current, mtls),
    // Not undefined: Node would load the public roots.
    ca: [],
    ALPNProtocols: [...protocols],
    requestCert: true,
    // If OpenSSL refused by itself, its reason and the certificate would be lost. `HandshakeGate` refuses instead.
    rejectUnauthorized: false,
    handshakeTimeout: mtls.handshakeTimeout ?? 10_000
  }
}

/** With a server factory Fastify does not apply its own timeouts. */
function applyTimeouts (
  server: HttpsServer, { https, keepAliveTimeout, requestTimeout, connectionTimeout, maxRequestsPerSocket }: Options
): void {
  server.keepAliveTimeout = keepAliveTimeout
  // An HTTP/2 server of Node 22 does not set it, computes with it when it serves HTTP/1.1, and fails with NaN.
  server.keepAliveTimeoutBuffer = https?.keepAliveTimeoutBuffer ?? server.keepAliveTimeoutBuffer ?? 1_000
  server.requestTimeout = requestTimeout
  server.setTimeout(connectionTimeout)
  if (maxRequestsPerSocket > 0) server.maxRequestsPerSocket = maxRequestsPerSocket
}

/** Closes HTTP/2 sessions when the server closes. Before Node 24 an open session keeps `app.close()` waiting. */
function followSessions (server: Http2SecureServer, { http2SessionTimeout }: Options): void {
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => {
    session.setTimeout(http2SessionTimeout, () => { session.close() })
    sessions.add(session)
    session.once('close', () => { sessions.delete(session) })
    // Its handshake finished after the server began to close.
    if (!server.listening) session.close()
  })
  Object.assign(server, { closeHttp2Sessions: () => { for (const session of sessions) session.close() } })
}
