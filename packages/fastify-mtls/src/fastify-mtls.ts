import type { BlockOption, CredentialSource, TrustSource } from '@peerkit/credentials'
import { isAuditKept, joinApp } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'
import {
  AUTHORITIES, GUARD_UPGRADES, IDENTIFIES, IS_PREFLIGHT, IS_PUBLIC, addToApp, checkOption, choice, closeSource,
  closeUpgrade,
  dropRequestLog, holdRequestLog, isThenable, releaseRequestLog
} from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { AppCheck, rootOf } from './server/app-check.ts'
import { denyAnonymous } from './request/deny-anonymous.ts'
import { PeerMissingError, ServerNotMtlsError, ServerOptionError } from './errors.ts'
import { ExceptionLog } from './log/exception-log.ts'
import type { ForwardedOption, ForwardedPeers } from './forwarded/forwarded-peer.ts'
import { makeGatewayContext } from './forwarded/gateway-context.ts'
import type { GatewayContext } from './forwarded/gateway-context.ts'
import { logOwnEnd } from './log/own-end-log.ts'
import { checkPluginOptions, checkTrust, refuseOwnTrust } from './plugin-options.ts'
import type { FastifyMtlsOptions } from './plugin-options.ts'
import { answerPreflights } from './request/preflight.ts'
import { RefusalLog } from './log/refusal-log.ts'
import { rulesMembers } from './missing-rules.ts'
import { assignedPeer, peerOfRequest } from './request/request-peer.ts'
import { CLOSED_BY_OPTION, logSourceEnd } from './log/source-end-log.ts'
import { logBlockChanges, logTrustChanges } from './log/trust-log.ts'
import { requirePeer, routeUpgrade } from './connection/upgrade-watch.ts'
import type { UpgradeGuard } from './connection/upgrade-watch.ts'
import { contextOf } from './server/server-context.ts'
import type { ServerContext } from './server/server-context.ts'
import type { Trust } from './handshake/trust.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The identity of the client. Reading it throws PeerMissingError (401) if the request has none. */
    readonly peer: PeerIdentity
    /** The identity of the client, or null if the request has none. */
    readonly optionalPeer: PeerIdentity | null
  }
  interface FastifyContextConfig {
    /** `optional`: this route also answers clients without a certificate, if the server accepts their connections. */
    clientCertificate?: 'required' | 'optional'
  }
  /** `app.mtls`: everything that the plugins of this suite add to an app. */
  interface FastifyMtlsApp {
    /** The credentials given to `withMtls`. Undefined on a plain `Fastify()` behind a gateway. */
    readonly credentials: CredentialSource | undefined
    /** The source of the trusted CAs: the credentials, or the option `trust`. */
    readonly trust: TrustSource | undefined
    /** The option `revocation` of `withMtls` or of the plugin. */
    readonly revocation: RevocationChecker | undefined
    /**
     * Says which clients may use what listens for upgrades on the raw server, such as `new WebSocketServer({ server:
     * app.server })`, where no rule of a route holds. Without it an app with such a listener does not listen. With
     * `@peerkit/fastify-allowed-clients` it takes all rules, without it `'authenticated'` alone.
     */
    guardUpgrades (rules: 'authenticated'): void
  }
  interface FastifyInstance {
    /**
     * Everything that the plugins of this suite add to an app. Read it from the instance (scope) that it is to apply
     * to.
     */
    readonly mtls: FastifyMtlsApp
  }
}

/** What `app.mtls.guardUpgrades()` takes without fastify-allowed-clients. */
const AUTHENTICATED = choice('authenticated')

const mtls: FastifyPluginAsync<FastifyMtlsOptions> = async (app, options) => {
  checkPluginOptions(options)
  checkFirst(app)
  const context = contextOf(app.server)
  if (context === undefined && options.forwarded === undefined) {
    throw new ServerNotMtlsError(describeForeignServer(app.server))
  }
  const trust = context?.credentials ?? options.trust
  const check = context?.app ?? new AppCheck({ allowAnonymous: true, gateOnly: false, isPlain: true })
  context?.meet(rootOf(app))
  check.register(app, options)
  if (context !== undefined) attach(app, context, options)
  const gateway = context ?? makeOwnContext(app, options)
  if (trust !== undefined) {
    logSourceEnd(app, trust)
    if (options.closeCredentials === true) {
      app.addHook('onClose', async () => { await closeSource(trust, CLOSED_BY_OPTION) })
    }
  }
  addToApp(app, {
    ...rulesMembers(),
    credentials: () => context?.credentials,
    trust: () => trust,
    revocation: () => context === undefined ? options.revocation : context.revocation,
    guardUpgrades: () => (rules: 'authenticated') => {
      const where = 'the rules of app.mtls.guardUpgrades() without @peerkit/fastify-allowed-clients'
      checkOption(rules, AUTHENTICATED, where, ServerOptionError)
      guardUpgrades(context, requirePeer)
    }
  })
  holdRequestLog(app)
  if (options.corsPreflights === true) answerPreflights(app)
  const { forwarded } = options
  identifyRequests(app, forwarded === undefined ? undefined : await openForwarded(app, forwarded, gateway))
}

/** @throws ServerOptionError if a plugin identifies the clients of this instance already */
function checkFirst (app: FastifyInstance): void {
  if (!app.hasRequestDecorator('peer') && !app.hasRequestDecorator('optionalPeer')) return
  throw new ServerOptionError(
    '@peerkit/fastify-mtls was registered where a plugin identifies the clients already: itself, or another one that ' +
      'adds request.peer; expected one registration on the root instance, with all options'
  )
}

/** Loads what reads the headers of gateways only for apps behind one. */
async function openForwarded (
  app: FastifyInstance, option: ForwardedOption, context: GatewayContext | undefined
): Promise<ForwardedPeers> {
  const { ForwardedPeers: Peers } = await import('./forwarded/forwarded-peer.ts')
  return new Peers(app, option, context)
}

/** Decorates requests with the peer. Answers 401 if a route needs a peer and the request has none. */
function identifyRequests (app: FastifyInstance, forwarded: ForwardedPeers | undefined): void {
  // With a gateway the peer is known only after its headers were read.
  const findPeer = forwarded === undefined ? peerOfRequest : assignedPeer
  app.decorateRequest('optionalPeer', { getter (this: FastifyRequest) { return findPeer(this.raw) } } as any)
  app.decorateRequest('peer', {
    getter (this: FastifyRequest) {
      const peer = findPeer(this.raw)
      if (peer === null) throw new PeerMissingError()
      return peer
    }
  } as any)

  const findRefusal = (request: FastifyRequest, believed: boolean): Error | undefined => {
    if (!believed) return forwarded?.refuseHeader() ?? new PeerMissingError()
    return findPeer(request.raw) === null && !mayBeAnonymous(request) ? new PeerMissingError() : undefined
  }
  const finish = (
    request: FastifyRequest, reply: FastifyReply, believed: boolean, done: (error?: Error) => void
  ): void => {
    const refusal = findRefusal(request, believed)
    if (refusal !== undefined) {
      dropRequestLog(request)
      // A refused header has its own line.
      if (believed) denyAnonymous(request)
      closeUpgrade(request, reply)
    } else if (!(IS_PUBLIC in app)) releaseRequestLog(request)
    done(refusal)
  }
  const identify: onRequestHookHandler = (request, reply, done) => {
    if (request.raw.headers.upgrade !== undefined) routeUpgrade(request.raw, reply.raw)
    const believed = forwarded === undefined || forwarded.take(request)
    if (isThenable(believed)) believed.then((settled) => { finish(request, reply, settled, done) }).catch(done)
    else finish(request, reply, believed, done)
  }
  // Marks the hook that identifies the peer, so that authorization hooks can be placed directly behind it.
  app.addHook('onRequest', Object.assign(identify, { [IDENTIFIES]: true }))
}

/** Whether a route answers clients without a certificate. */
function mayBeAnonymous (request: FastifyRequest): boolean {
  const { clientCertificate } = request.routeOptions.config
  if (clientCertificate !== undefined) return clientCertificate === 'optional'
  const { [IS_PUBLIC]: isPublic, [IS_PREFLIGHT]: isAnswered } = request.server as {
    [name in typeof IS_PUBLIC | typeof IS_PREFLIGHT]?: (request: FastifyRequest) => boolean
  }
  return isPublic?.(request) === true || isAnswered?.(request) === true
}

/** @throws ServerOptionError on a server that `withMtls` did not make */
function guardUpgrades (context: ServerContext | undefined, guard: UpgradeGuard): void {
  if (context === undefined) {
    throw new ServerOptionError(
      'app.mtls.guardUpgrades() was called on an app whose server withMtls did not make; expected withMtls(credentials)'
    )
  }
  context.upgrades.guard = guard
}

/** Connects the app with the server that `withMtls` made. @throws ServerOptionError */
function attach (app: FastifyInstance, context: ServerContext, options: FastifyMtlsOptions): void {
  refuseOwnTrust(options)
  Object.defineProperty(app.server, GUARD_UPGRADES, {
    value: (guard: UpgradeGuard) => { context.upgrades.guard = guard }, configurable: true
  })
  writeLog(app, context)
  const endLog = logOwnEnd(context.credentials, app.log, context.now, () => isAuditKept(app.server))
  app.addHook('onClose', async () => { endLog() })
}

/** The trust of an app behind a gateway, released when the app closes. @throws ServerOptionError */
function makeOwnContext (app: FastifyInstance, options: FastifyMtlsOptions): GatewayContext | undefined {
  const trust = checkTrust(options)
  if (trust === undefined) return undefined
  const { revocation, block } = options
  const leave = joinApp(app.server, trust, revocation)
  const context = makeGatewayContext(trust, { revocation, block })
  logChanges(app, trust, block)
  logTolerated(app, context.trust)
  // The rules of fastify-allowed-clients are checked against them.
  Object.defineProperty(app.server, AUTHORITIES, { value: () => context.trust.ruleAuthorities, configurable: true })
  app.addHook('onClose', async () => {
    context.close()
    leave()
  })
  return context
}

/** Says what is wrong with a server that `withMtls` did not make. */
function describeForeignServer (server: object): string {
  if (!('setSecureContext' in server)) return 'does not speak TLS'
  return (server as { requestCert?: boolean }).requestCert === true
    ? 'asks for client certificates, but does not verify them'
    : 'does not ask for client certificates'
}

function writeLog (app: FastifyInstance, { reporter, trust, credentials, block }: ServerContext): void {
  const { log } = app
  const lines = new RefusalLog(log)
  logChanges(app, credentials, block)
  const serverAuthOnly = new ExceptionLog(
    log,
    'the client certificate is for servers only; it is accepted until acceptUntil',
    'more clients with certificates for servers only are accepted; they are not logged'
  )
  reporter.onServerAuthOnly = (peer, until) => {
    serverAuthOnly.write(peer, { acceptUntil: new Date(until).toISOString().slice(0, 10) })
  }
  logTolerated(app, trust)
  // An audit log writes its own lines and limits them.
  reporter.onRefused = (reason, build) => { if (!isAuditKept(app.server)) lines.refused(reason, build) }
  reporter.onEnded = (message) => { if (!isAuditKept(app.server)) lines.ended(message) }
}

/** Logs each client that is accepted only because its authority tolerates a flaw, direct or behind a gateway. */
function logTolerated ({ log }: FastifyInstance, trust: Trust): void {
  const lines = new ExceptionLog(
    log,
    'the client certificate has flaws that tolerate of its authority accepts; ask for a new certificate',
    'more clients with tolerated flaws are accepted; they are not logged'
  )
  // A copy, because some loggers mark objects while they write them.
  trust.onTolerated = ({ peer, tolerated }) => { lines.write(peer, { tolerated: [...tolerated] }) }
}

/** Logs changes of the trust and of the block list until the app closes. */
function logChanges (app: FastifyInstance, source: TrustSource, block: BlockOption | undefined): void {
  const ends = [logTrustChanges(source, app.log, () => isAuditKept(app.server)), logBlockChanges(block, app.log)]
  app.addHook('onClose', async () => { for (const end of ends) end() })
}

/**
 * Fastify plugin that gives every request the identity of its client, as `request.peer`. Register it on the root
 * instance of an app that was created with `Fastify(withMtls(credentials))`, or behind a gateway with the option
 * `forwarded`.
 *
 * @throws ServerNotMtlsError if the server does not verify client certificates and `forwarded` is missing
 * @throws ServerOptionError if an option is wrong
 * @example
 * ```ts
 * const app = Fastify(withMtls(credentials))
 * await app.register(fastifyMtls)
 * app.get('/', async ({ peer }) => ({ hello: peer.commonName }))
 * const response = await injectAs(app, peer, '/')
 * console.log(response.json()) // { hello: 'alice' }
 * await app.close()
 * ```
 */
const fastifyMtls: FastifyPluginAsync<FastifyMtlsOptions> = fp(mtls, { fastify: '5.x', name: '@peerkit/fastify-mtls' })
export default fastifyMtls
