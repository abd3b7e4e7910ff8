import type { BlockOption, CredentialSource, TrustSource } from '@peerkit/credentials'
import { isAuditKept } from '@peerkit/events'
import { MTLS_ERR_FORWARDED_REFUSED } from '@peerkit/forwarded'
import type { PeerIdentity } from '@peerkit/identity'
import type { RevocationChecker } from '@peerkit/revocation'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest, onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { MTLS_ERR_PEER_MISSING, MTLS_ERR_SERVER_NOT_MTLS, MTLS_ERR_SERVER_OPTION } from './errors.ts'
import { ExceptionLog } from './exception-log.ts'
import { ForwardedPeers } from './forwarded-peer.ts'
import type { ForwardedOption } from './forwarded-peer.ts'
import type { MtlsServer } from './gate.ts'
import { makeGatewayContext } from './gateway-context.ts'
import type { GatewayContext } from './gateway-context.ts'
import { checkCredentials, checkKeys, checkMethods } from './option-check.ts'
import { RefusalLog } from './refusal-log.ts'
import { assignedPeer, peerOfRequest } from './request-peer.ts'
import { logBlockChanges, logTrustChanges } from './trust-log.ts'
import { AUTHORITIES, contextOf } from './server-context.ts'
import type { ServerContext } from './server-context.ts'

/** On a server that `mtlsServerOptions` made. */
export interface DirectOptions {
  /** The same source that the server was made with. */
  readonly credentials: CredentialSource
  /** Reads client certificates that a trusted gateway passes on, beside those of direct connections. */
  readonly forwarded?: ForwardedOption
}

/** On any other server, plain HTTP included: clients are known by what a gateway passes on, and by nothing else. Gateways are then known by their address or a Unix socket. */
export interface BehindGatewayOptions {
  readonly credentials?: undefined
  readonly forwarded: ForwardedOption
  /**
   * Whose CAs vouch for the gateway's clients, and for which names: `fileTrust` or `memoryTrust` of @peerkit/credentials. Without it the gateway alone decides.
   */
  readonly trust?: TrustSource
  /** With `trust`: asked about revocation beside its CRLs; both must permit. */
  readonly revocation?: RevocationChecker
  /** With `trust`: clients that are kept out at once, see `mtlsServerOptions`. */
  readonly block?: BlockOption
}

export type FastifyMtlsOptions = DirectOptions | BehindGatewayOptions

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sent this request. Throws MTLS_ERR_PEER_MISSING (401) where there is no identity. */
    readonly peer: PeerIdentity
    /** Who sent this request, or null. */
    readonly optionalPeer: PeerIdentity | null
  }
  interface FastifyContextConfig {
    /** `optional`: this route answers clients without a certificate too (health probes), on a server that lets them in. */
    clientCertificate?: 'required' | 'optional'
  }
}

const mtls: FastifyPluginAsync<FastifyMtlsOptions> = async (app, options) => {
  checkKeys(options, ['credentials', 'forwarded', 'trust', 'revocation', 'block'], '@peerkit/fastify-mtls')
  const context = options.credentials === undefined && options.forwarded !== undefined ? refuseContext(app) : takeContext(app, options)
  if (context !== undefined) refuseOwnTrust(options)
  const forwarded = options.forwarded === undefined ? undefined : new ForwardedPeers(app, options.forwarded, context ?? makeOwnContext(app, options))
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
    else if (look(request.raw) === null && request.routeOptions.config.clientCertificate !== 'optional') done(new MTLS_ERR_PEER_MISSING())
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

/** The context of a server that `mtlsServerOptions` made with the same credentials. @throws MTLS_ERR_SERVER_NOT_MTLS, MTLS_ERR_SERVER_OPTION */
function takeContext (app: FastifyInstance, { credentials }: FastifyMtlsOptions): ServerContext {
  checkCredentials(credentials, '@peerkit/fastify-mtls')
  const context = contextOf(app.server)
  if (context === undefined) throw new MTLS_ERR_SERVER_NOT_MTLS(describeForeignServer(app.server))
  if (context.credentials !== credentials) throw new MTLS_ERR_SERVER_OPTION('the plugin got other credentials than mtlsServerOptions; expected the same source')
  writeLog(app, context)
  app.addHook('onClose', async () => {
    // A server that listens is let go when it is closed; one that never did says nothing of it.
    if (!app.server.listening) context.release(app.server as MtlsServer)
  })
  return context
}

/** A server that knows its clients by itself is not one that leaves that to gateways. @throws MTLS_ERR_SERVER_OPTION */
function refuseContext (app: FastifyInstance): undefined {
  if (contextOf(app.server) !== undefined) throw new MTLS_ERR_SERVER_OPTION('@peerkit/fastify-mtls needs "credentials", those that mtlsServerOptions got')
}

/** A server under the gate has its trust from its credentials, and the other two from mtlsServerOptions. @throws MTLS_ERR_SERVER_OPTION */
function refuseOwnTrust (options: FastifyMtlsOptions): void {
  const found = (['trust', 'revocation', 'block'] as const).find((key) => (options as Partial<BehindGatewayOptions>)[key] !== undefined)
  if (found === undefined) return
  throw new MTLS_ERR_SERVER_OPTION(`found "${found}" beside "credentials"; ${found === 'trust' ? 'the credentials say whom to trust' : 'give it to mtlsServerOptions'}`)
}

/** The trust of a server behind a gateway, which ends with the app. @throws MTLS_ERR_SERVER_OPTION */
function makeOwnContext (app: FastifyInstance, options: FastifyMtlsOptions): GatewayContext | undefined {
  const { trust, revocation, block } = options as Partial<BehindGatewayOptions>
  if (trust === undefined) {
    const beside = revocation !== undefined ? 'revocation' : block !== undefined ? 'block' : undefined
    if (beside !== undefined) throw new MTLS_ERR_SERVER_OPTION(`found "${beside}" without "trust"; expected a source such as fileTrust() gives`)
    return undefined
  }
  if (typeof (trust as Partial<TrustSource> | null)?.subscribe !== 'function' || trust.current?.authorities === undefined) {
    throw new MTLS_ERR_SERVER_OPTION(`trust is ${trust instanceof Promise ? 'a Promise (await it)' : typeof trust}; expected a source such as fileTrust() gives`)
  }
  checkMethods(revocation, ['check', 'permits', 'subscribe'], 'revocation')
  const context = makeGatewayContext(trust, { revocation, block })
  logChanges(app, trust, block)
  // Asked for by the rules of fastify-allowed-clients.
  Object.defineProperty(app.server, AUTHORITIES, { value: () => context.trust.ruleAuthorities, configurable: true })
  app.addHook('onClose', async () => { context.close() })
  return context
}

/** What is wrong with a server that `mtlsServerOptions` did not make. */
function describeForeignServer (server: object): string {
  if (!('setSecureContext' in server)) return 'does not speak TLS'
  return (server as { requestCert?: boolean }).requestCert === true ? 'asks for client certificates, but has no gate that judges them' : 'does not ask for client certificates'
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

/** Enforces mutual TLS on a server that `mtlsServerOptions` made, and decorates `request.peer`. */
const fastifyMtls: FastifyPluginAsync<FastifyMtlsOptions> = fp(mtls, { fastify: '5.x', name: '@peerkit/fastify-mtls' })
export default fastifyMtls
