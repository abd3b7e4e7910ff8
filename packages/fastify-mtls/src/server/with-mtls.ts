import type { Http2SecureServer } from 'node:http2'
import type { Server as HttpsServer } from 'node:https'
import type { CredentialSource } from '@peerkit/credentials'
import { checkOption, checkPlainObject, flag } from '@peerkit/identity/internal'
import type {
  FastifyBaseLogger, FastifyHttp2SecureOptions, FastifyHttpsOptions, FastifyServerOptions, RawServerBase
} from 'fastify'
import { checkCredentials } from './check-source.ts'
import { ServerOptionError } from '../errors.ts'
import { checkServerOptions } from './http-options.ts'
import type { HttpOptions } from './http-options.ts'
import { mtlsServerOptions } from './mtls-server-options.ts'
import { checkMtlsServerOptions, serverOptions } from './server-options.ts'
import type { MtlsServerOptions } from './server-options.ts'

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

/** TLS options of Node. They have no effect here: they belong under `mtls` or into the credentials. */
const TLS_OPTIONS: readonly string[] = [
  'ca', 'cert', 'key', 'passphrase', 'pfx', 'crl', 'requestCert', 'rejectUnauthorized', 'secureContext',
  'secureProtocol', 'SNICallback', 'ALPNProtocols'
]

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
  checkOwn(own)
  checkOption(http2, flag, 'http2', ServerOptionError)
  checkPlainObject(mtls, 'mtls', ServerOptionError)
  if ('http2' in mtls) {
    throw new ServerOptionError('found mtls.http2; expected http2 outside of mtls: it is an option of Fastify')
  }
  checkMtlsServerOptions(mtls, 'mtls')
  checkServerOptions({ https, http2 }, http2)
  const made = http2
    ? mtlsServerOptions(credentials, { ...mtls, http2: true })
    : mtlsServerOptions(credentials, mtls as MtlsServerOptions & { http2?: false })
  return { ...own, ...made, https }
}

/** Options of plugins, which Fastify would ignore, with the place where they belong. */
const PLUGIN_OPTIONS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['allowedClients', 'allowedClientsMode'].map((key) => [
    key, `on a route, config: { ${key}: … }, or with app.mtls.allow(…)`
  ])),
  ...Object.fromEntries(['groups', 'defaultRules', 'notFoundRules'].map((key) => [
    key, `on the plugin: app.register(fastifyAllowedClients, { ${key}: … })`
  ])),
  ...Object.fromEntries(['closeCredentials', 'corsPreflights', 'forwarded'].map((key) => [
    key, `on the plugin: app.register(fastifyMtls, { ${key}: … })`
  ]))
}

/** Options of Fastify's router that answer requests before any plugin can check them. */
const ROUTER_ANSWERS: readonly string[] = ['defaultRoute', 'onBadUrl']

/** Refuses options in the wrong place. Fastify would ignore them silently. */
function checkOwn (options: object): void {
  const { routerOptions } = options as { routerOptions?: unknown }
  const answer = ROUTER_ANSWERS.find((key) => Object.hasOwn(Object(routerOptions), key))
  if (answer !== undefined) {
    throw new ServerOptionError(
      `found routerOptions.${answer}; expected none: it would answer clients that no plugin has checked. ` +
        'Use app.setNotFoundHandler()'
    )
  }
  for (const key of Object.keys(options)) {
    if (key === 'serverFactory') {
      throw new ServerOptionError(
        'found serverFactory; expected none: withMtls makes the server, another one would not check client certificates'
      )
    }
    if (serverOptions.keys.includes(key)) {
      throw new ServerOptionError(
        `found ${key} among Fastify's options; expected it under mtls: withMtls(credentials, { mtls: { ${key} } })`
      )
    }
    if (Object.hasOwn(PLUGIN_OPTIONS, key)) {
      throw new ServerOptionError(
        `found ${key} among Fastify's options, where it has no effect; expected it ${PLUGIN_OPTIONS[key] as string}`
      )
    }
    if (TLS_OPTIONS.includes(key)) {
      throw new ServerOptionError(
        `found ${key}; expected certificates, keys and CAs in the credentials, and other TLS options under mtls`
      )
    }
  }
}
