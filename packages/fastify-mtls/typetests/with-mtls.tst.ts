import type { Http2SecureServer, Http2ServerRequest } from 'node:http2'
import type { IncomingMessage } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { CredentialSource, TrustSource } from '@peerkit/credentials'
import fastifyMtls, { mtlsServerOptions, withMtls } from '@peerkit/fastify-mtls'
import type { FastifyMtlsOptions } from '@peerkit/fastify-mtls'
import type { PeerIdentity } from '@peerkit/identity'
import Fastify from 'fastify'
import type { FastifyBaseLogger, FastifyInstance, FastifyTypeProvider } from 'fastify'
import { describe, expect, test } from 'tstyche'

declare const credentials: CredentialSource

/** A logger with a method that Fastify does not know. */
interface AppLogger extends FastifyBaseLogger { audit (line: object): void }
declare const loggerInstance: AppLogger

/** What reads a schema: `{ type: 'text' }` becomes a string. */
interface TextProvider extends FastifyTypeProvider {
  readonly validator: this['schema'] extends { readonly text: true } ? string : unknown
}

describe('withMtls keeps what Fastify infers', () => {
  test('HTTP/1.1 over TLS', () => {
    const app = Fastify(withMtls(credentials))
    expect(app.server).type.toBe<HttpsServer>()
    app.get('/', async (request) => {
      expect(request.raw).type.toBe<IncomingMessage>()
      expect(request.peer).type.toBe<PeerIdentity>()
      expect(request.optionalPeer).type.toBe<PeerIdentity | null>()
      expect(request.peer.commonName).type.toBe<string | undefined>()
    })
  })

  test('HTTP/2', () => {
    const app = Fastify(withMtls(credentials, { http2: true, http2SessionTimeout: 1_000 }))
    expect(app.server).type.toBe<Http2SecureServer>()
    app.get('/', async (request) => { expect(request.raw).type.toBe<Http2ServerRequest>() })
  })

  test('Fastify\'s options and a logger of one\'s own', () => {
    expect(Fastify(withMtls(credentials, { logger: true, bodyLimit: 1 })).log).type.toBe<FastifyBaseLogger>()
    const app = Fastify(withMtls(credentials, { loggerInstance }))
    expect(app.log).type.toBe<AppLogger>()
    app.get('/', async ({ log }) => { expect(log).type.toBe<AppLogger>() })
    expect(Fastify(withMtls(credentials, { http2: true, loggerInstance })).log).type.toBe<AppLogger>()
  })

  test('type providers', () => {
    const app = Fastify(withMtls(credentials)).withTypeProvider<TextProvider>()
    app.post('/', { schema: { body: { text: true } } }, async ({ body }) => { expect(body).type.toBe<string>() })
  })

  test('a router option, a genReqId and a custom request id log label are checked as Fastify checks them', () => {
    Fastify(withMtls(credentials, { routerOptions: { ignoreTrailingSlash: true }, genReqId: () => 'x' }))
    // @ts-expect-error Type 'string' is not assignable to type 'number'
    withMtls(credentials, { bodyLimit: 'one megabyte' })
    // @ts-expect-error 'bodyLimt' does not exist
    withMtls(credentials, { bodyLimt: 1 })
  })
})

describe('withMtls refuses what would remove mutual TLS', () => {
  test('a server factory, TLS options, and options of mutual TLS in the wrong place', () => {
    // @ts-expect-error Type '() => any' is not assignable to type 'undefined'
    withMtls(credentials, { serverFactory: (): any => {} })
    // @ts-expect-error 'requestCert' does not exist
    withMtls(credentials, { https: { requestCert: false } })
    withMtls(credentials, { https: { maxHeaderSize: 1 } })
    // @ts-expect-error 'clientCertificate' does not exist
    withMtls(credentials, { clientCertificate: 'optional' })
    withMtls(credentials, { mtls: { clientCertificate: 'optional' } })
    // @ts-expect-error Type '"none"' is not assignable
    withMtls(credentials, { mtls: { clientCertificate: 'none' } })
    // @ts-expect-error 'http2' does not exist
    withMtls(credentials, { mtls: { http2: true } })
    // @ts-expect-error Argument of type 'Promise<CredentialSource>' is not assignable
    withMtls(Promise.resolve(credentials))
  })

  test('the low-level form keeps the server\'s type, too', () => {
    expect(Fastify({ ...mtlsServerOptions(credentials), logger: true }).server).type.toBe<HttpsServer>()
    expect(Fastify(mtlsServerOptions(credentials, { http2: true })).server).type.toBe<Http2SecureServer>()
  })
})

describe('the plugin', () => {
  test('takes no credentials', () => {
    expect<FastifyMtlsOptions>().type.toBeAssignableFrom({})
    expect<FastifyMtlsOptions>().type.not.toBeAssignableFrom({ closeCredentials: 'yes' })
    const app = Fastify(withMtls(credentials))
    app.register(fastifyMtls)
    app.register(fastifyMtls, { closeCredentials: true })
    // @ts-expect-error 'credentials' does not exist
    app.register(fastifyMtls, { credentials })
  })

  test('adds app.mtls', () => {
    expect<FastifyInstance['mtls']['credentials']>().type.toBe<CredentialSource | undefined>()
    expect<FastifyInstance['mtls']['trust']>().type.toBe<TrustSource | undefined>()
  })
})
