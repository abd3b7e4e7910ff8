import type { Http2SecureServer } from 'node:http2'
import type { Server as HttpsServer } from 'node:https'
import type { CredentialSource } from '@peerkit/credentials'
import type { FastifyBaseLogger, FastifyHttp2SecureOptions, FastifyHttpsOptions, FastifyServerOptions, RawServerBase } from 'fastify'
import { MTLS_ERR_SERVER_OPTION } from './errors.ts'
import { checkServerOptions } from './http-options.ts'
import type { HttpOptions } from './http-options.ts'
import { mtlsServerOptions } from './mtls-server-options.ts'
import { MTLS_SERVER_OPTIONS } from './server-options.ts'
import type { MtlsServerOptions } from './server-options.ts'

/** Fastify's own options beside mutual TLS. What would replace the server or its TLS is not among them. */
type OwnOptions<Server extends RawServerBase, Logger extends FastifyBaseLogger> = Omit<FastifyServerOptions<Server, Logger>, 'serverFactory'> & {
  /** Options of mutual TLS. `http2` is Fastify's own option, beside this one. */
  readonly mtls?: Omit<MtlsServerOptions, 'http2'>
  /** Options of Node's HTTP server, such as `maxHeaderSize`. None of TLS. */
  readonly https?: HttpOptions
  /** The server is made here, since another one would not check client certificates. */
  readonly serverFactory?: never
}

/** What `withMtls` takes beside the credentials, for a server of HTTP/1.1. */
export type WithMtlsOptions<Logger extends FastifyBaseLogger = FastifyBaseLogger> = OwnOptions<HttpsServer, Logger> & { readonly http2?: false }

/** What `withMtls` takes beside the credentials, for a server of HTTP/2. */
export type WithMtlsHttp2Options<Logger extends FastifyBaseLogger = FastifyBaseLogger> = OwnOptions<Http2SecureServer, Logger> & {
  readonly http2: true
  readonly http2SessionTimeout?: number
}

/** A logger whose type is kept. Without one, a type parameter would be inferred from what `Fastify` expects: as `never`. */
interface WithLogger<Logger extends FastifyBaseLogger> { readonly loggerInstance: Logger }

/** Options that say something about TLS in Node. Under `mtls`, or from the credentials, they have an effect. */
const TLS_OPTIONS: readonly string[] = [
  'ca', 'cert', 'key', 'passphrase', 'pfx', 'crl', 'requestCert', 'rejectUnauthorized', 'secureContext', 'secureProtocol', 'SNICallback', 'ALPNProtocols'
]

/**
 * Options for `Fastify(…)` that make a server for mutual TLS. The server asks every client for a certificate, checks it
 * before any HTTP is read, and follows the credentials as they rotate. Call it once for each app.
 *
 * @param credentials such as `fileCredentials()` gives. The app does not close them, see `closeCredentials` of the plugin
 * @param options Fastify's own options, and those of mutual TLS under `mtls`. Default: none
 * @throws MTLS_ERR_SERVER_OPTION naming the option, what was found and what was expected
 * @example
 * ```ts
 * const credentials = await fileCredentials({ cert: 'ledger.pem', key: 'ledger.key', ca: 'ca.pem' })
 * const app = Fastify(withMtls(credentials, { logger: true, mtls: { clientCertificate: 'optional' } }))
 * await app.register(fastifyMtls)
 * ```
 */
export function withMtls<Logger extends FastifyBaseLogger> (
  credentials: CredentialSource, options: WithMtlsHttp2Options<Logger> & WithLogger<Logger>
): FastifyHttp2SecureOptions<Http2SecureServer, Logger>
export function withMtls<Logger extends FastifyBaseLogger> (
  credentials: CredentialSource, options: WithMtlsOptions<Logger> & WithLogger<Logger>
): FastifyHttpsOptions<HttpsServer, Logger>
export function withMtls (credentials: CredentialSource, options: WithMtlsHttp2Options): FastifyHttp2SecureOptions<Http2SecureServer>
export function withMtls (credentials: CredentialSource, options?: WithMtlsOptions): FastifyHttpsOptions<HttpsServer>
export function withMtls (credentials: CredentialSource, options: WithMtlsOptions | WithMtlsHttp2Options = {}): object {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new MTLS_ERR_SERVER_OPTION(`withMtls got options that are ${options === null ? 'null' : Array.isArray(options) ? 'a list' : typeof options}; expected an object`)
  }
  const { mtls = {}, https = {}, http2 = false, ...own } = options
  checkOwn(own)
  if (typeof http2 !== 'boolean') throw new MTLS_ERR_SERVER_OPTION(`http2 is ${typeof http2}; expected true or false`)
  if (typeof mtls !== 'object' || mtls === null) throw new MTLS_ERR_SERVER_OPTION(`mtls is ${mtls === null ? 'null' : typeof mtls}; expected an object with options such as clientCertificate`)
  if ('http2' in mtls) throw new MTLS_ERR_SERVER_OPTION('found mtls.http2; expected http2 beside mtls, as Fastify has it')
  checkServerOptions({ https, http2 }, http2)
  const made = http2 ? mtlsServerOptions(credentials, { ...mtls, http2: true }) : mtlsServerOptions(credentials, mtls as MtlsServerOptions & { http2?: false })
  return { ...own, ...made, https }
}

/** An option in the wrong place would be ignored by Fastify, and its author would believe that it counts. */
function checkOwn (options: object): void {
  for (const key of Object.keys(options)) {
    if (key === 'serverFactory') throw new MTLS_ERR_SERVER_OPTION('found serverFactory; expected none: withMtls makes the server, and another one would not check client certificates')
    if (MTLS_SERVER_OPTIONS.includes(key)) throw new MTLS_ERR_SERVER_OPTION(`found ${key} beside Fastify's options; expected it under mtls: withMtls(credentials, { mtls: { ${key} } })`)
    if (TLS_OPTIONS.includes(key)) throw new MTLS_ERR_SERVER_OPTION(`found ${key}; expected certificates, keys and CAs in the credentials, and other options of TLS under mtls`)
  }
}
