import type { BlockOption, CredentialSource, TrustSource } from '@peerkit/credentials'
import { isAuditKept } from '@peerkit/events'
import { MTLS_ERR_FORWARDED_REFUSED } from '@peerkit/forwarded'
import type { PeerIdentity } from '@peerkit/identity'
import { addToApp } from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest, onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { MTLS_ERR_PEER_MISSING, MTLS_ERR_SERVER_NOT_MTLS } from './errors.ts'
import { ExceptionLog } from './exception-log.ts'
import { ForwardedPeers } from './forwarded-peer.ts'
import type { MtlsServer } from './gate.ts'
import { makeGatewayContext } from './gateway-context.ts'
import type { GatewayContext } from './gateway-context.ts'
import { checkPluginOptions, checkTrust, refuseOwnTrust } from './plugin-options.ts'
import type { FastifyMtlsOptions } from './plugin-options.ts'
import { RefusalLog } from './refusal-log.ts'
import { assignedPeer, peerOfRequest } from './request-peer.ts'
import { logBlockChanges, logTrustChanges } from './trust-log.ts'
import { AUTHORITIES, contextOf } from './server-context.ts'
import type { ServerContext } from './server-context.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sent this request. Throws MTLS_ERR_PEER_MISSING (401) where the client presented no certificate. */
    readonly peer: PeerIdentity
    /** Who sent this request; null where the client presented no certificate. */
    readonly optionalPeer: PeerIdentity | null
  }
  interface FastifyContextConfig {
    /** `optional`: this route also answers clients without a certificate, on a server that takes their connections. */
    clientCertificate?: 'required' | 'optional'
  }
  /** `app.mtls`: everything that the plugins of this suite add to an app. */
  interface FastifyMtlsApp {
    /** The credentials that `withMtls` got. Undefined behind a gateway, on a plain `Fastify()`. */
    readonly credentials: CredentialSource | undefined
    /** Whom the app trusts: its credentials, or the option `trust`. */
    readonly trust: TrustSource | undefined
    /** The option `revocation` of `withMtls` or of the plugin. */
    readonly revocation: RevocationChecker | undefined
  }
  interface FastifyInstance {
    /** Everything that the plugins of this suite add to an app. Read it on the instance that it is about. */
    readonly mtls: FastifyMtlsApp
  }
}

/** On a route's config, set by fastify-allowed-clients: whether its rules need no certificate. */
const IS_PUBLIC: unique symbol = Symbol.for('peerkit.isPublic')

const mtls: FastifyPluginAsync<FastifyMtlsOptions> = async (app, options) => {
  checkPluginOptions(options)
  const context = contextOf(app.server)
  if (context === undefined && options.forwarded === undefined) throw new MTLS_ERR_SERVER_NOT_MTLS(describeForeignServer(app.server))
  const trust = context?.credentials ?? options.trust
  if (context !== undefined) attach(app, context, options)
  const gateway = context ?? makeOwnContext(app, options)
  if (options.closeCredentials === true) app.addHook('onClose', async () => { await trust?.close() })
  addToApp(app, {
    credentials: () => context?.credentials,
    trust: () => trust,
    revocation: () => context === undefined ? options.revocation : context.revocation
  })
  identifyRequests(app, options.forwarded === undefined ? undefined : new ForwardedPeers(app, options.forwarded, gateway))
}

/** Decorates requests with the peer, and answers 401 where one is needed and there is none. */
function identifyRequests (app: FastifyInstance, forwarded: ForwardedPeers | undefined): void {
  // Where a gateway may speak for others, nobody is known before its headers were read.
  const look = forwarded === undefined ? peerOfRequest : assignedPeer
  app.decorateRequest('optionalPeer', { getter (this: FastifyRequest) { return look(this.raw) } } as any)
  app.decorateRequest('peer', {
    getter (this: FastifyRequest) {
      const peer = look(this.raw)
      if (peer === null) throw new MTLS_ERR_PEER_MISSING()
      return peer
    }
  } as any)

  const settle = (request: FastifyRequest, believed: boolean, done: (error?: Error) => void): void => {
    if (!believed) done(new MTLS_ERR_FORWARDED_REFUSED())
    else if (look(request.raw) === null && !mayBeAnonymous(request)) done(new MTLS_ERR_PEER_MISSING())
    else done()
  }
  const identify: onRequestHookHandler = (request, _reply, done) => {
    const believed = forwarded === undefined || forwarded.take(request)
    if (believed instanceof Promise) believed.then((settled) => { settle(request, settled, done) }).catch(done)
    else settle(request, believed, done)
  }
  // Says which hook knows the peer, so that a guard can stand right behind it and before everyone else's.
  app.addHook('onRequest', Object.assign(identify, { [Symbol.for('peerkit.identifies')]: true }))
}

/** Whether a route answers clients without a certificate. */
function mayBeAnonymous ({ routeOptions: { config } }: FastifyRequest): boolean {
  const { clientCertificate, [IS_PUBLIC]: isPublic } = config as { clientCertificate?: string, [IS_PUBLIC]?: () => boolean }
  return clientCertificate === undefined ? isPublic?.() === true : clientCertificate === 'optional'
}

/** Connects the app with the server that `withMtls` made. @throws MTLS_ERR_SERVER_OPTION */
function attach (app: FastifyInstance, context: ServerContext, options: FastifyMtlsOptions): void {
  refuseOwnTrust(options)
  writeLog(app, context)
  app.addHook('onClose', async () => {
    // A server that listens is let go when it is closed; one that never did has no close event.
    if (!app.server.listening) context.release(app.server as MtlsServer)
  })
}

/** The trust of an app behind a gateway, which ends with the app. @throws MTLS_ERR_SERVER_OPTION */
function makeOwnContext (app: FastifyInstance, options: FastifyMtlsOptions): GatewayContext | undefined {
  const trust = checkTrust(options)
  if (trust === undefined) return undefined
  const { revocation, block } = options
  const context = makeGatewayContext(trust, { revocation, block })
  logChanges(app, trust, block)
  // The rules of fastify-allowed-clients ask for them.
  Object.defineProperty(app.server, AUTHORITIES, { value: () => context.trust.ruleAuthorities, configurable: true })
  app.addHook('onClose', async () => { context.close() })
  return context
}

/** What is wrong with a server that `withMtls` did not make. */
function describeForeignServer (server: object): string {
  if (!('setSecureContext' in server)) return 'does not speak TLS'
  return (server as { requestCert?: boolean }).requestCert === true ? 'asks for client certificates, but does not verify them' : 'does not ask for client certificates'
}

function writeLog (app: FastifyInstance, { reporter, credentials, block }: ServerContext): void {
  const { log } = app
  const lines = new RefusalLog(log)
  logChanges(app, credentials, block)
  const exceptions = new ExceptionLog(log)
  reporter.onServerAuthOnly = (peer, until) => { exceptions.write(peer, until) }
  // An audit log has a line of its own, and a limit.
  reporter.onRefused = (reason, build) => { if (!isAuditKept()) lines.refused(reason, build) }
  reporter.onEnded = (message) => { if (!isAuditKept()) lines.ended(message) }
}

/** Until the app is closed. */
function logChanges (app: FastifyInstance, source: TrustSource, block: BlockOption | undefined): void {
  const ends = [logTrustChanges(source, app.log, isAuditKept), logBlockChanges(block, app.log)]
  app.addHook('onClose', async () => { for (const end of ends) end() })
}

/**
 * Enforces mutual TLS and decorates requests with `request.peer`. Register it on the root instance, on an app that was
 * created with `Fastify(withMtls(credentials))`, or behind a gateway with the option `forwarded`.
 *
 * @throws MTLS_ERR_SERVER_NOT_MTLS where the server does not verify client certificates; MTLS_ERR_SERVER_OPTION
 * @example
 * ```ts
 * const app = Fastify(withMtls(credentials))
 * await app.register(fastifyMtls)
 * app.get('/', async ({ peer }) => ({ hello: peer.commonName }))
 * ```
 */
const fastifyMtls: FastifyPluginAsync<FastifyMtlsOptions> = fp(mtls, { fastify: '5.x', name: '@peerkit/fastify-mtls' })
export default fastifyMtls
