import type { Server as HttpsServer } from 'node:https'
import type { Http2SecureServer } from 'node:http2'
import { authoritiesOf } from '@peerkit/credentials'
import type { CredentialSource } from '@peerkit/credentials'
import type { FastifyServerFactory } from 'fastify'
import { ServerOptionError } from '../errors.ts'
import { makeHttp2Factory, makeHttpsFactory } from './make-server.ts'
import { checkServerPurpose } from './server-purpose.ts'
import { checkCredentials } from './check-source.ts'
import { ServerContext } from './server-context.ts'
import { checkMtlsServerOptions } from './server-options.ts'
import type { MtlsServerOptions } from './server-options.ts'

/** What `mtlsServerOptions` returns for HTTP/1.1. */
export interface MtlsHttpsOptions { readonly https: object, readonly serverFactory: FastifyServerFactory<HttpsServer> }
/** What `mtlsServerOptions` returns for HTTP/2. */
export interface MtlsHttp2Options {
  readonly http2: true
  readonly https: object
  readonly serverFactory: FastifyServerFactory<Http2SecureServer>
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
