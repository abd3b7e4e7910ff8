import { createServer as createHttpsServer } from 'node:https'
import type { Server as HttpsServer } from 'node:https'
import { createSecureServer } from 'node:http2'
import type { Http2SecureServer } from 'node:http2'
import { secureContextOptions } from '@peerkit/credentials'
import type { CredentialSource } from '@peerkit/credentials'
import type { RevocationChecker } from '@peerkit/revocation'
import type { FastifyServerFactory } from 'fastify'
import { MTLS_ERR_SERVER_OPTION } from './errors.ts'
import { checkCredentials, checkKeys } from './option-check.ts'
import { ServerContext } from './server-context.ts'

export interface MtlsServerSettings {
  /** Serve HTTP/2, and HTTP/1.1 beside it unless `allowHTTP1` is false. Default false. */
  readonly http2?: boolean
  /** With `http2`: serve HTTP/1.1 too. Default true. */
  readonly allowHTTP1?: boolean
  /** `required` (default): a handshake without a certificate is refused. `optional`: it passes without an identity; a bad certificate never passes. */
  readonly clientCertificate?: 'required' | 'optional'
  /** Asked beside the credentials' own CRLs; both must permit. */
  readonly revocation?: RevocationChecker
  /** Default `TLSv1.2`. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3'
  readonly ciphers?: string
  /** At least 32 octets, shared by workers and machines whose clients resume sessions with any of them. Default: each server makes its own ticket keys. */
  readonly ticketSecret?: Uint8Array
  /** How long a handshake may take, in milliseconds. Default 10,000. */
  readonly handshakeTimeout?: number
  /** How long an answer about revocation may take, in milliseconds. Default 5,000. */
  readonly judgementTimeout?: number
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

export interface MtlsHttpsOptions { readonly https: object, readonly serverFactory: FastifyServerFactory<HttpsServer> }
export interface MtlsHttp2Options { readonly http2: true, readonly https: object, readonly serverFactory: FastifyServerFactory<Http2SecureServer> }

const KNOWN = ['http2', 'allowHTTP1', 'clientCertificate', 'revocation', 'minVersion', 'maxVersion', 'ciphers', 'ticketSecret', 'handshakeTimeout', 'judgementTimeout', 'now']

/**
 * Options for `Fastify(…)` that make a server which asks for client certificates, judges every one of them before HTTP sees the connection, and follows the
 * credentials as they rotate. Spread your own options beside them: `Fastify({ ...mtlsServerOptions(credentials), logger: true })`.
 *
 * @throws MTLS_ERR_SERVER_OPTION
 */
export function mtlsServerOptions (credentials: CredentialSource, settings: MtlsServerSettings & { readonly http2: true }): MtlsHttp2Options
export function mtlsServerOptions (credentials: CredentialSource, settings?: MtlsServerSettings & { readonly http2?: false }): MtlsHttpsOptions
export function mtlsServerOptions (credentials: CredentialSource, settings: MtlsServerSettings = {}): MtlsHttpsOptions | MtlsHttp2Options {
  checkCredentials(credentials, 'mtlsServerOptions')
  checkSettings(settings)
  const { http2 = false, allowHTTP1 = true, clientCertificate = 'required', minVersion = 'TLSv1.2', maxVersion, ciphers, handshakeTimeout = 10_000 } = settings
  const context = new ServerContext({
    credentials,
    revocation: settings.revocation,
    mayBeAbsent: clientCertificate === 'optional',
    judgementTimeout: settings.judgementTimeout ?? 5_000,
    ticketSecret: settings.ticketSecret,
    now: settings.now ?? Date.now
  })
  const tlsOptions = (): object => ({
    ...secureContextOptions(credentials.current),
    requestCert: true,
    // OpenSSL's refusal would hide its reason and the certificate: the gate refuses instead.
    rejectUnauthorized: false,
    minVersion,
    ...(maxVersion !== undefined && { maxVersion }),
    ...(ciphers !== undefined && { ciphers }),
    handshakeTimeout
  })
  if (http2) {
    const serverFactory: FastifyServerFactory<Http2SecureServer> = (handler, options) => {
      const server = createSecureServer({ ...tlsOptions(), allowHTTP1 }, handler as any)
      applyHttp2Timeouts(server, options)
      context.adopt(server)
      return server
    }
    return { http2: true, https: {}, serverFactory }
  }
  const serverFactory: FastifyServerFactory<HttpsServer> = (handler, options) => {
    const server = createHttpsServer(tlsOptions(), handler as any)
    applyTimeouts(server, options)
    context.adopt(server)
    return server
  }
  return { https: {}, serverFactory }
}

/** With a server factory Fastify leaves its own timeouts to the factory. */
function applyTimeouts (server: HttpsServer, { keepAliveTimeout, requestTimeout, connectionTimeout, maxRequestsPerSocket }: Record<string, any>): void {
  server.keepAliveTimeout = keepAliveTimeout
  server.requestTimeout = requestTimeout
  server.setTimeout(connectionTimeout)
  if (maxRequestsPerSocket > 0) server.maxRequestsPerSocket = maxRequestsPerSocket
}

function applyHttp2Timeouts (server: Http2SecureServer, { http2SessionTimeout, connectionTimeout }: Record<string, any>): void {
  server.on('session', (session) => { session.setTimeout(http2SessionTimeout, () => { session.close() }) })
  server.setTimeout(connectionTimeout)
}

function checkSettings (settings: MtlsServerSettings): void {
  checkKeys(settings, KNOWN, 'mtlsServerOptions')
  const { clientCertificate, ticketSecret } = settings
  if (clientCertificate !== undefined && clientCertificate !== 'required' && clientCertificate !== 'optional') {
    throw new MTLS_ERR_SERVER_OPTION(`clientCertificate is ${JSON.stringify(clientCertificate)}; expected "required" or "optional"`)
  }
  if (ticketSecret !== undefined && !(ticketSecret instanceof Uint8Array && ticketSecret.length >= 32)) {
    throw new MTLS_ERR_SERVER_OPTION('ticketSecret is too short; expected a Buffer of at least 32 octets')
  }
  for (const key of ['minVersion', 'maxVersion'] as const) {
    const version = settings[key]
    if (version !== undefined && version !== 'TLSv1.2' && version !== 'TLSv1.3') throw new MTLS_ERR_SERVER_OPTION(`${key} is ${JSON.stringify(version)}; expected "TLSv1.2" or "TLSv1.3"`)
  }
  for (const key of ['handshakeTimeout', 'judgementTimeout'] as const) {
    const time = settings[key]
    if (time !== undefined && !(Number.isFinite(time) && time > 0)) throw new MTLS_ERR_SERVER_OPTION(`${key} is ${String(time)}; expected milliseconds above 0`)
  }
}
