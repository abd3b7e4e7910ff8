import { createSecureServer } from 'node:http2'
import type { Http2SecureServer, ServerHttp2Session } from 'node:http2'
import { createServer } from 'node:https'
import type { Server as HttpsServer } from 'node:https'
import type { FastifyServerFactory } from 'fastify'
import { checkServerOptions, pickHttpOptions } from './http-options.ts'
import { bindFurtherAddresses } from './further-addresses.ts'
import type { ServerContext } from './server-context.ts'
import { describeSecureContext } from './server-options.ts'
import type { MtlsServerOptions } from './server-options.ts'

type Handler = (...args: any[]) => void
type Options = Record<string, any>

/** A factory for Fastify whose servers serve HTTP/1.1 under the gate. */
export function makeHttpsFactory (context: ServerContext, mtls: MtlsServerOptions): FastifyServerFactory<HttpsServer> {
  const make = (handler: Handler, options: Options): HttpsServer => {
    const server = createServer({ ...pickHttpOptions(options), ...describeTls(context, mtls, ['http/1.1']) }, handler)
    applyTimeouts(server, options)
    context.adopt(server)
    return server
  }
  return (handler, options) => {
    checkServerOptions(options as Options, false)
    const server = make(handler as Handler, options as Options)
    bindFurtherAddresses(server, () => make(handler as Handler, options as Options))
    return server
  }
}

/** A factory for Fastify whose servers serve HTTP/2, and HTTP/1.1 unless that is ruled out, under the gate. */
export function makeHttp2Factory (context: ServerContext, mtls: MtlsServerOptions): FastifyServerFactory<Http2SecureServer> {
  const { allowHTTP1 = true } = mtls
  const make = (handler: Handler, options: Options): Http2SecureServer => {
    const tls = describeTls(context, mtls, allowHTTP1 ? ['h2', 'http/1.1'] : ['h2'])
    const server = createSecureServer({ ...pickHttpOptions(options), ...tls, allowHTTP1 }, handler)
    applyTimeouts(server as unknown as HttpsServer, options)
    followSessions(server, options)
    context.adopt(server)
    return server
  }
  return (handler, options) => {
    checkServerOptions(options as Options, true)
    const server = make(handler as Handler, options as Options)
    bindFurtherAddresses(server, () => make(handler as Handler, options as Options))
    return server
  }
}

function describeTls ({ credentials }: ServerContext, mtls: MtlsServerOptions, protocols: readonly string[]): object {
  return {
    ...describeSecureContext(credentials.current, mtls),
    ALPNProtocols: [...protocols],
    requestCert: true,
    // OpenSSL's refusal would hide its reason and the certificate: the gate refuses instead.
    rejectUnauthorized: false,
    handshakeTimeout: mtls.handshakeTimeout ?? 10_000
  }
}

/** With a server factory Fastify leaves its own timeouts to the factory. */
function applyTimeouts (server: HttpsServer, { https, keepAliveTimeout, requestTimeout, connectionTimeout, maxRequestsPerSocket }: Options): void {
  server.keepAliveTimeout = keepAliveTimeout
  // An HTTP/2 server of Node 22 has none, reckons with it when it serves HTTP/1.1, and falls over NaN.
  server.keepAliveTimeoutBuffer = https?.keepAliveTimeoutBuffer ?? server.keepAliveTimeoutBuffer ?? 1_000
  server.requestTimeout = requestTimeout
  server.setTimeout(connectionTimeout)
  if (maxRequestsPerSocket > 0) server.maxRequestsPerSocket = maxRequestsPerSocket
}

/** A session that a client holds open would keep `app.close()` waiting: before Node 24 a closing server does not close them. */
function followSessions (server: Http2SecureServer, { http2SessionTimeout }: Options): void {
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => {
    session.setTimeout(http2SessionTimeout, () => { session.close() })
    sessions.add(session)
    session.once('close', () => { sessions.delete(session) })
    // Its handshake ended after the server was told to close.
    if (!server.listening) session.close()
  })
  Object.assign(server, { closeHttp2Sessions: () => { for (const session of sessions) session.close() } })
}
