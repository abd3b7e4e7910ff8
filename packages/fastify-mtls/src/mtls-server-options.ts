import type { Server as HttpsServer } from 'node:https'
import type { Http2SecureServer } from 'node:http2'
import { authoritiesOf } from '@peerkit/credentials'
import type { CredentialSource } from '@peerkit/credentials'
import type { FastifyServerFactory } from 'fastify'
import { MTLS_ERR_SERVER_OPTION } from './errors.ts'
import { makeHttp2Factory, makeHttpsFactory } from './make-server.ts'
import { checkCredentials } from './option-check.ts'
import { ServerContext } from './server-context.ts'
import { checkSettings } from './server-settings.ts'
import type { MtlsServerSettings } from './server-settings.ts'

export interface MtlsHttpsOptions { readonly https: object, readonly serverFactory: FastifyServerFactory<HttpsServer> }
export interface MtlsHttp2Options { readonly http2: true, readonly https: object, readonly serverFactory: FastifyServerFactory<Http2SecureServer> }

/**
 * Options for `Fastify(…)` that make a server which asks for client certificates, judges every one of them before HTTP sees the connection, and follows the
 * credentials as they rotate. Spread your own options beside them: `Fastify({ ...mtlsServerOptions(credentials), logger: true })`. One call for each app.
 *
 * @throws MTLS_ERR_SERVER_OPTION
 */
export function mtlsServerOptions (credentials: CredentialSource, settings: MtlsServerSettings & { readonly http2: true }): MtlsHttp2Options
export function mtlsServerOptions (credentials: CredentialSource, settings?: MtlsServerSettings & { readonly http2?: false }): MtlsHttpsOptions
export function mtlsServerOptions (credentials: CredentialSource, settings: MtlsServerSettings = {}): MtlsHttpsOptions | MtlsHttp2Options {
  checkCredentials(credentials, 'mtlsServerOptions')
  checkSettings(settings)
  if (authoritiesOf(credentials.current, 'clients').length === 0) {
    const names = credentials.current.authorities.map(({ name }) => `"${name}"`).join(', ')
    throw new MTLS_ERR_SERVER_OPTION(`no authority of the credentials is for clients (${names} for servers); expected one with for: "clients" or "both"`)
  }
  const own = { ...settings }
  const context = new ServerContext(credentials, own)
  if (own.http2 === true) return { http2: true, https: {}, serverFactory: makeHttp2Factory(context, own) }
  return { https: {}, serverFactory: makeHttpsFactory(context, own) }
}
