import type { Http2SecureServer } from 'node:http2'
import type { Server as HttpsServer } from 'node:https'
import { authoritiesOf } from '@peerkit/credentials'
import type { CredentialSource } from '@peerkit/credentials'
import { checkOption, checkPlainObject, flag } from '@peerkit/identity/internal'
import type {
  FastifyBaseLogger, FastifyHttp2SecureOptions, FastifyHttpsOptions, FastifyServerFactory, FastifyServerOptions,
  RawServerBase
} from 'fastify'
import { ServerOptionError } from '../errors.ts'
import { checkHttpOptions, checkMisplaced } from './fastify-options.ts'
import type { HttpOptions } from './fastify-options.ts'
import { makeHttp2Factory, makeHttpsFactory } from './make-server.ts'
import { ServerContext } from './server-context.ts'
import { checkCredentials, checkMtlsServerOptions } from './server-options.ts'
import type { MtlsServerOptions } from './server-options.ts'
import { checkServerPurpose } from './tls-contexts.ts'

/** Fastify's own options, without those that would replace the server or its TLS. */
type OwnOptions<Server extends RawServerBase, Logger extends FastifyBaseLogger> = Omit<
  FastifyServerOptions<Server, Logger>, 'serverFactory'
> & {
  /** Options of mutual TLS. `http2` is not among them: it is Fastify's own option. */
  readonly mtls?: Omit<MtlsServerOptions, 'http2'>
  /** Options of Node's HTTP server, such as `maxHeaderSize`. None of TLS. */
  readonly https?: HttpOptions
  /** Not accepted: another server would not check client certificates. */
  readonly serverFactory?: never
}

/** Options of `withMtls` for HTTP/1.1. */
export type WithMtlsOptions<Logger extends FastifyBaseLogger = FastifyBaseLogger> = OwnOptions<
  HttpsServer, Logger
> & { readonly http2?: false }

/** Options of `withMtls` for HTTP/2. */
export type WithMtlsHttp2Options<Logger extends FastifyBaseLogger = FastifyBaseLogger> = OwnOptions<
  Http2SecureServer, Logger
> & {
  readonly http2: true
  readonly http2SessionTimeout?: number
}

/**
 * Keeps the type of a logger. Without it, TypeScript would infer the type parameter from what `Fastify` expects, as
 * `never`.
 */
interface WithLogger<Logger extends FastifyBaseLogger> { readonly loggerInstance: Logger }

/** What `mtlsServerOptions` returns for HTTP/1.1. */
export interface MtlsHttpsOptions { readonly https: object, readonly serverFactory: FastifyServerFactory<HttpsServer> }
/** What `mtlsServerOptions` returns for HTTP/2. */
export interface MtlsHttp2Options {
  readonly http2: true
  readonly https: object
  readonly serverFactory: FastifyServerFactory<Http2SecureServer>
}

/**
 * Returns options for `Fastify(…)` that make a server for mutual TLS. The server asks every client for a certificate,
 * checks it before any HTTP is read, and follows the credentials as they rotate. Call it once for each app.
 *
 * @param credentials such as `fileCredentials()` gives. The app does not close them, unless the plugin has
 *   `closeCredentials`
 * @param options Fastify's own options, and those of mutual TLS under `mtls`. Default: none
 * @returns options to pass to `Fastify(…)` as they are
 * @throws ServerOptionError naming the option, what was found and what was expected
 * @example
 * ```ts
 * const source = await fileCredentials({ cert: 'ledger.pem', key: 'ledger.key', ca: 'ca.pem' })
 * const app = Fastify(withMtls(source, { bodyLimit: 10_000, mtls: { clientCertificate: 'optional' } }))
 * await app.register(fastifyMtls, { closeCredentials: true })
 * await app.close()
 * ```
 */
export function withMtls<Logger extends FastifyBaseLogger> (
  credentials: CredentialSource, options: WithMtlsHttp2Options<Logger> & WithLogger<Logger>
): FastifyHttp2SecureOptions<Http2SecureServer, Logger>
export function withMtls<Logger extends FastifyBaseLogger> (
  credentials: CredentialSource, options: WithMtlsOptions<Logger> & WithLogger<Logger>
): FastifyHttpsOptions<HttpsServer, Logger>
export function withMtls (
  credentials: CredentialSource, options: WithMtlsHttp2Options
): FastifyHttp2SecureOptions<Http2SecureServer>
export function withMtls (credentials: CredentialSource, options?: WithMtlsOptions): FastifyHttpsOptions<HttpsServer>
export function withMtls (credentials: CredentialSource, options: WithMtlsOptions | WithMtlsHttp2Options = {}): object {
  checkCredentials(credentials)
  checkPlainObject(options, 'options of withMtls', ServerOptionError)
  const { mtls = {}, https = {}, http2 = false, ...own } = options
  checkMisplaced(own)
  checkOption(http2, flag, 'http2', ServerOptionError)
  checkPlainObject(mtls, 'mtls', ServerOptionError)
  if ('http2' in mtls) {
    throw new ServerOptionError('found mtls.http2; expected http2 outside of mtls: it is an option of Fastify')
  }
  checkMtlsServerOptions(mtls, 'mtls')
  checkHttpOptions({ https, http2 }, http2)
  const made = http2
    ? mtlsServerOptions(credentials, { ...mtls, http2: true })
    : mtlsServerOptions(credentials, mtls as MtlsServerOptions & { http2?: false })
  return { ...own, ...made, https }
}

/**
 * The low-level form of `withMtls`: returns options to spread into those of `Fastify(…)`. It cannot check the options
 * around it: a `serverFactory` of your own would remove mutual TLS. Call it once for each app.
 *
 * @param credentials such as `fileCredentials()` gives. The app does not close them
 * @param options options of mutual TLS, and `http2`. Default: none
 * @returns `https` and `serverFactory`, and `http2: true` for HTTP/2
 * @throws ServerOptionError naming the option, what was found and what was expected
 * @example
 * ```ts
 * const app = Fastify({ ...mtlsServerOptions(credentials, { minVersion: 'TLSv1.3' }), bodyLimit: 10_000 })
 * await app.register(fastifyMtls)
 * await app.close()
 * ```
 */
export function mtlsServerOptions (
  credentials: CredentialSource, options: MtlsServerOptions & { readonly http2: true }
): MtlsHttp2Options
export function mtlsServerOptions (
  credentials: CredentialSource, options?: MtlsServerOptions & { readonly http2?: false }
): MtlsHttpsOptions
export function mtlsServerOptions (
  credentials: CredentialSource, options: MtlsServerOptions = {}
): MtlsHttpsOptions | MtlsHttp2Options {
  checkCredentials(credentials)
  checkMtlsServerOptions(options)
  if (options.allowHTTP1 === false && options.http2 !== true) {
    throw new ServerOptionError(
      'mtls.allowHTTP1 is false, but http2 is not true, so the server serves HTTP/1.1 alone; expected ' +
        'withMtls(credentials, { http2: true, mtls: { allowHTTP1: false } })'
    )
  }
  if (authoritiesOf(credentials.current, 'clients').length === 0) {
    const names = credentials.current.authorities.map(({ name }) => `"${name}"`).join(', ')
    throw new ServerOptionError(
      `no authority of the credentials is for clients (${names} for servers); ` +
        'expected one with for: "clients" or "both"'
    )
  }
  checkServerPurpose(credentials.current.identity)
  const own = { ...options }
  const context = new ServerContext(credentials, own)
  if (own.http2 === true) return { http2: true, https: {}, serverFactory: makeHttp2Factory(context, own) }
  return { https: {}, serverFactory: makeHttpsFactory(context, own) }
}
