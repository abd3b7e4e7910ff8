import type { CredentialSource, TrustSource } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import { GUARD_UPGRADES, addToApp, checkOption, choice, closeSource, holdRequestLog } from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { requirePeer } from './connection/upgrade-watch.ts'
import type { UpgradeGuard } from './connection/upgrade-watch.ts'
import { ServerNotMtlsError, ServerOptionError } from './errors.ts'
import { openGatewayContext } from './forwarded/gateway-context.ts'
import { logServer } from './log/app-log.ts'
import { CLOSED_BY_OPTION, logSourceEnd } from './log/credentials-log.ts'
import { checkPluginOptions, refuseOwnTrust } from './plugin-options.ts'
import type { FastifyMtlsOptions, ForwardedOption } from './plugin-options.ts'
import { identifyRequests, runFirst } from './request/identify-requests.ts'
import { answerPreflights } from './request/preflight.ts'
import { AppCheck, rootOf } from './server/app-check.ts'
import { contextOf } from './server/server-context.ts'
import type { ServerContext } from './server/server-context.ts'

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
     * Says which clients may use what listens for upgrades or requests on the raw server, such as
     * `new WebSocketServer({ server: app.server })` or Socket.IO, where no rule of a route holds. Other clients reach
     * the routes alone. Without it an app with such a listener does not listen. With `@peerkit/fastify-allowed-clients`
     * it takes all rules, without it `'authenticated'` alone.
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

/** What @peerkit/fastify-allowed-clients adds to `app.mtls`. It replaces these members by its own. */
const RULES_MEMBERS = ['allow', 'setMode', 'routes', 'printRoutes', 'evaluate', 'reload'] as const

const mtls: FastifyPluginAsync<FastifyMtlsOptions> = async (app, options) => {
  checkPluginOptions(options)
  checkFirst(app)
  const context = contextOf(app.server)
  if (context === undefined && options.forwarded === undefined) {
    throw new ServerNotMtlsError(describeForeignServer(app.server))
  }
  const trust = context?.credentials ?? options.trust
  const check = context?.appCheck ?? new AppCheck({ allowAnonymous: true, gateOnly: false, isPlain: true })
  context?.meet(rootOf(app))
  check.register(app, options)
  if (context !== undefined) attach(app, context, options)
  const gateway = context ?? openGatewayContext(app, options)
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
  // Loaded only for apps behind a gateway.
  const { ForwardedPeers } = forwarded === undefined ? {} : await import('./forwarded/forwarded-peer.ts')
  const peers = ForwardedPeers && new ForwardedPeers(app, forwarded as ForwardedOption, gateway)
  if (context !== undefined && peers !== undefined) context.identify = async (raw) => await peers.identify(raw)
  const identify = identifyRequests(app, peers)
  // Fastify adds a hook later than it is told to.
  await app.after()
  if (!check.requiresCertificate) runFirst(app, identify)
}

/** @throws ServerOptionError if a plugin identifies the clients of this instance already */
function checkFirst (app: FastifyInstance): void {
  if (!app.hasRequestDecorator('peer') && !app.hasRequestDecorator('optionalPeer')) return
  throw new ServerOptionError(
    '@peerkit/fastify-mtls was registered where a plugin identifies the clients already: itself, or another one that ' +
      'adds request.peer; expected one registration on the root instance, with all options'
  )
}

/** Members of `app.mtls` that say which plugin is missing. Without them JavaScript says that they are no functions. */
function rulesMembers (): Record<string, () => () => never> {
  return Object.fromEntries(RULES_MEMBERS.map((name) => [name, () => () => {
    throw new ServerOptionError(
      `app.mtls.${name}() was called, but @peerkit/fastify-allowed-clients is not registered yet; expected ` +
        'await app.register(fastifyAllowedClients) after @peerkit/fastify-mtls and before the routes'
    )
  }]))
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
  logServer(app, context)
}

/** Says what is wrong with a server that `withMtls` did not make. */
function describeForeignServer (server: object): string {
  if (!('setSecureContext' in server)) return 'does not speak TLS'
  return (server as { requestCert?: boolean }).requestCert === true
    ? 'asks for client certificates, but does not verify them'
    : 'does not ask for client certificates'
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
