import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { ListWatch, readBlockOption } from '@peerkit/credentials'
import type { BlockOption, CredentialSource } from '@peerkit/credentials'
import { EMITTER, handshakeChainUnavailable, joinApp } from '@peerkit/events'
import type { HandshakeReason } from '@peerkit/events'
import {
  AUTHORITIES, CLOCK, REQUIRES_CERTIFICATE, UpgradedSockets, upgradedSocketsOf
} from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import type { FastifyInstance } from 'fastify'
import { AppCheck } from './app-check.ts'
import { recordOfRequest } from '../connection/connection-record.ts'
import { ConnectionWatch } from '../connection/connection-watch.ts'
import { passRequest } from '../connection/raw-requests.ts'
import { ServerOptionError } from '../errors.ts'
import { HandshakeGate } from '../handshake/handshake-gate.ts'
import type { MtlsServer } from '../handshake/handshake-gate.ts'
import { HandshakeReporter } from '../handshake/handshake-reporter.ts'
import { canMeetTlsSockets } from '../handshake/node-internals.ts'
import { RawListeners } from './raw-listeners.ts'
import type { MtlsServerOptions } from './server-options.ts'
import { TlsContexts } from './tls-contexts.ts'
import { Trust } from '../handshake/trust.ts'
import { UpgradeWatch } from '../connection/upgrade-watch.ts'
import type { Identify } from '../connection/upgrade-watch.ts'
import { peerOfRequest } from '../request/request-peer.ts'

type App = FastifyInstance<any, any, any, any>

/** Fastify's own channel: it publishes each new app at the end of `Fastify(…)`. */
const CREATED = 'fastify.initialization'

const contexts = new WeakMap<object, ServerContext>()

/** The context of a server that `withMtls` or `mtlsServerOptions` made. */
export function contextOf (server: object): ServerContext | undefined {
  return contexts.get(server)
}

/** What all servers of one app share: trust, handshake checks, ticket keys, and the subscription to the credentials. */
export class ServerContext {
  readonly credentials: CredentialSource
  readonly reporter: HandshakeReporter
  readonly trust: Trust
  readonly block: BlockOption | undefined
  /** The option `revocation`. */
  readonly revocation: RevocationChecker | undefined
  /** Milliseconds to wait for an answer about revocation. */
  readonly revocationTimeout: number
  /** The option `now`. */
  readonly now: () => number
  /** Called when the trust changed and open connections are evaluated again. */
  readonly onReview: Set<() => void> = new Set()
  /** Finds the client of a request that a listener of the raw server may answer. The option `forwarded` replaces it. */
  identify: Identify = peerOfRequest
  /** The upgraded sockets of all servers of the app. */
  readonly sockets: UpgradedSockets = new UpgradedSockets()
  /** What is checked when the app starts. */
  readonly appCheck: AppCheck
  readonly upgrades: UpgradeWatch
  /** The server that Fastify knows. */
  #leader: MtlsServer | undefined
  #listeners: RawListeners | undefined
  readonly #options: MtlsServerOptions
  /** Milliseconds. */
  readonly #drainTimeout: number
  readonly #gate: HandshakeGate
  readonly #watch: ConnectionWatch
  readonly #tls: TlsContexts
  #handler: object | undefined
  readonly #lists: ListWatch
  #unsubscribe = (): void => {}
  #leave = (): void => {}

  constructor (credentials: CredentialSource, options: MtlsServerOptions) {
    this.credentials = credentials
    this.#options = options
    const {
      revocation, algorithms, block, now = Date.now, clientCertificate, gateOnly = false, revocationTimeout = 5_000,
      drainTimeout = 10_000, upgradeTimeout = 10_000
    } = options
    this.now = now
    this.#drainTimeout = drainTimeout
    this.appCheck = new AppCheck({ allowAnonymous: clientCertificate === 'optional', gateOnly })
    const trust = new Trust(credentials, {
      revocation,
      algorithms,
      block: block === undefined ? undefined : readBlockOption(block, 'block'),
      now,
      onLearned: () => { this.#tls.useSharedTickets() }
    })
    const reporter = new HandshakeReporter(trust)
    const watch = new ConnectionWatch({
      trust,
      sockets: this.sockets,
      drainTimeout,
      revocationTimeout,
      onEnded: (record, refusal) => { reporter.ended(record, refusal) }
    })
    this.reporter = reporter
    this.trust = trust
    this.block = block
    this.revocation = revocation
    this.revocationTimeout = revocationTimeout
    this.#watch = watch
    this.#gate = new HandshakeGate({
      trust,
      watch,
      reporter,
      allowAnonymous: clientCertificate === 'optional',
      revocationTimeout,
      onSessionRefused: (isPathKnown) => { this.#tls.forgetTickets(isPathKnown) },
      onUpgrade: (server, request, socket, head) =>
        server === this.#leader
          ? this.upgrades.begin(request, socket, head, (this.#listeners as RawListeners).listUpgrades())
          : undefined,
      onRequest: (server, request, response) => {
        const { guard } = this.upgrades
        if (guard === undefined || server !== this.#leader) return undefined
        const listeners = (this.#listeners as RawListeners).listRequests()
        if (listeners === undefined) return undefined
        passRequest(request, response, { identify: this.identify, guard }, listeners)
        return true
      },
      onTunnel: (server, stream) => { if (server === this.#leader) this.upgrades.followTunnel(stream) }
    })
    this.upgrades = new UpgradeWatch({
      sockets: this.sockets,
      identify: async (request) => await this.identify(request),
      timeout: upgradeTimeout,
      isStrict: () => this.appCheck.isIdentifying,
      onUnruled: (path) => {
        this.appCheck.app?.log.error(
          { path },
          'closed an upgrade that a listener of the raw server answered: no rule holds for it; ' +
            'use app.mtls.guardUpgrades'
        )
      }
    })
    this.#lists = new ListWatch(credentials, 'clients', { revocation, block }, () => { this.#review() })
    this.#tls = new TlsContexts(credentials, options, () => trust.learned)
  }

  /** Why the connection of a request must not be served, as known now. */
  checkConnection (raw: object): HandshakeReason | undefined | Promise<HandshakeReason | undefined> {
    const record = recordOfRequest(raw)
    return record === undefined ? undefined : this.#watch.check(record)
  }

  /** Installs the checks on a server and keeps its certificates current until it is closed. */
  attach (server: MtlsServer): void {
    contexts.set(server, this)
    // Read by fastify-allowed-clients, in whichever order the plugins are registered.
    Object.defineProperty(server, AUTHORITIES, { value: () => this.trust.ruleAuthorities })
    Object.defineProperty(server, CLOCK, { value: this.now })
    Object.defineProperty(server, REQUIRES_CERTIFICATE, { value: () => this.appCheck.requiresCertificate })
    this.#gate.install(server)
    const { ocspStapler } = this.#options
    if (ocspStapler !== undefined) server.on('OCSPRequest', ocspStapler.handle)
    // The first one is `app.server`. The others listen on further addresses of localhost.
    this.reporter.server ??= server
    if (this.reporter.server === server) upgradedSocketsOf(server, this.sockets)
    const isFirst = this.#tls.size === 0
    this.#tls.add(server)
    if (isFirst) this.#follow(this.reporter.server)
    reportUnavailableChain(this.now, this.reporter.server)
    server.once('close', () => { this.detach(server) })
  }

  /** Reserves the context for one app: its log and its plugin are those of that app. @throws ServerOptionError */
  claim (handler: object): void {
    // Fastify may ask for several servers of one app, all with the same handler.
    this.#handler ??= handler
    if (this.#handler !== handler) {
      throw new ServerOptionError(
        'the options of one withMtls() call were given to two apps; expected a call for each app'
      )
    }
  }

  /** The first server of an app: the app is watched from its creation on, and its server listens only with a plugin. */
  lead (server: MtlsServer): void {
    meetApp(server, (app) => { this.meet(app) })
    const listeners = new RawListeners(server, () => this.appCheck.app?.log)
    const isGuarded = (): boolean => this.upgrades.guard !== undefined
    this.#leader = server
    this.#listeners = listeners
    listeners.refuseLater(() => !this.appCheck.isIdentifying, isGuarded)
    const close = server.close as (...args: any[]) => MtlsServer
    server.close = ((...args: any[]) => {
      // Node waits for connections without a request, and for requests that never arrive as a whole.
      const timer = setTimeout(() => { this.#gate.closeConnections() }, this.#drainTimeout).unref()
      // The timer would keep a closed server in memory.
      server.once('close', () => { clearTimeout(timer) })
      return close.apply(server, args)
    }) as typeof server.close
    const listen = server.listen as (...args: any[]) => MtlsServer
    server.listen = ((...args: any[]) => {
      const fault = this.appCheck.findListenFault() ?? this.#findRawFault()
      if (fault === undefined) return listen.apply(server, args)
      process.nextTick(() => { server.emit('error', fault) })
      return server
    }) as typeof server.listen
  }

  #findRawFault (): Error | undefined {
    return this.appCheck.isIdentifying ? this.#listeners?.findFault(this.upgrades.guard !== undefined) : undefined
  }

  meet (app: App): void {
    if (this.appCheck.app !== undefined) return
    this.appCheck.watch(app)
    // Told here first: a WebSocketServer would pass the error event of the server on as its own.
    app.addHook('onReady', async () => {
      const fault = this.#findRawFault()
      if (fault !== undefined) throw fault
    })
    app.addHook('onClose', async ({ server }) => {
      // A listening server is released by its close event. A server that never listened has no such event.
      if (!server.listening) this.detach(server as MtlsServer)
    })
  }

  /** Releases a server that was closed, or never listened. */
  detach (server: MtlsServer): void {
    if (!this.#tls.remove(server)) return
    this.#leave()
    this.#unsubscribe()
    this.#lists.stop()
  }

  #follow (server: object): void {
    this.#leave = joinApp(server, this.credentials, this.revocation, this.#options.ocspStapler)
    this.#unsubscribe = this.credentials.subscribe((change) => {
      if (change.type !== 'rotated') return
      this.#tls.rotate(change, this.appCheck.app?.log)
      if (change.snapshot.withdrawn === true) this.#endWithdrawn()
      if (change.trustChanged) this.#review()
    })
    this.#lists.start()
  }

  /** Without a certificate the server takes no new connections. Those that are open get time to finish. */
  #endWithdrawn (): void {
    setTimeout(() => {
      if (this.credentials.current.withdrawn === true) this.#gate.closeConnections()
    }, this.#drainTimeout).unref()
  }

  #review (): void {
    this.#lists.follow()
    this.#watch.review().catch(() => {})
    for (const review of this.onReview) review()
  }
}

/** Warns if this Node hides the client's intermediates. Then only clients with configured issuers are accepted. */
function reportUnavailableChain (now: () => number, server: object): void {
  if (canMeetTlsSockets()) return
  const message = `Node ${process.version} does not expose the intermediate certificates that clients send; ` +
    'list them in the option intermediates of the credentials'
  process.emitWarning(message, { type: 'PeerkitWarning', code: 'MTLS_WARN_CHAIN_UNAVAILABLE' })
  if (handshakeChainUnavailable.hasSubscribers) {
    handshakeChainUnavailable.publish({ v: 1, time: now(), [EMITTER]: () => server, message, node: process.version })
  }
}

/**
 * Calls back with the app that is created around a server, before any plugin or route is added to it. Call it from the
 * server factory: `Fastify(…)` is synchronous, so the next app that is published is the one of this server, or none.
 */
function meetApp (server: object, onMet: (app: App) => void): void {
  const listener = (message: unknown): void => {
    unsubscribe(CREATED, listener)
    const { fastify } = message as { fastify: App }
    if (fastify.server === server) onMet(fastify)
  }
  subscribe(CREATED, listener)
}
