import type { PeerIdentity } from '@peerkit/identity'
import type { AllowedClients, Mode, ScopeOptions } from './plugin-options.ts'
import type { ListedRoute, AccessPreview } from './policy/list-routes.ts'

/** A route with what it would answer a peer. */
export interface EvaluatedRoute extends AccessPreview {
  readonly methods: readonly string[]
  /** The pattern, prefix included. */
  readonly url: string
}

/** What this plugin adds to `app.mtls`. */
export interface AllowedClientsControl {
  /**
   * Sets which clients may call the routes of this encapsulated plugin and of the plugins inside it. A route's own
   * rules must allow the client too, unless these are `overridable`. Call it once for each scope, before or after its
   * routes, and before the app is ready.
   *
   * @param rules a rule, a group, a function, a list of them, `'authenticated'` or `'public'`
   * @param options `overridable` and `mode`. Default: not overridable, the mode of the surrounding scope
   * @throws RuleInvalidError or AllowedClientsOptionError naming the scope and the offending key
   * @example
   * ```ts
   * const app = Fastify(withMtls(credentials))
   * await app.register(fastifyMtls)
   * await app.register(fastifyAllowedClients)
   * await app.register(async (audit) => {
   *   audit.mtls.allow({ ou: 'auditors' })
   *   audit.get('/trail', async () => [])
   * }, { prefix: '/audit' })
   * const { statusCode } = await injectAs(app, peer, '/audit/trail')
   * console.log(statusCode) // 403, since the OU of the peer is billing
   * await app.close()
   * ```
   */
  allow (rules: AllowedClients, options?: ScopeOptions): void
  /**
   * Says which clients may use what listens for upgrades on the raw server, such as `new WebSocketServer({ server:
   * app.server })`, where no rule of a route holds. Without it an app with such a listener does not listen. Call it
   * once, before `listen()`. Sockets that are open when the rules change stay open.
   *
   * @param rules as for `allow`. A function gets `undefined` in place of a request of Fastify
   * @throws RuleInvalidError or AllowedClientsOptionError naming the offending key
   * @example
   * ```ts
   * const app = Fastify(withMtls(credentials))
   * await app.register(fastifyMtls)
   * await app.register(fastifyAllowedClients, { groups: { billing: { ou: 'billing' } } })
   * app.mtls.guardUpgrades('billing')
   * app.server.on('upgrade', (_request, socket) => { socket.end('HTTP/1.1 501 Not Implemented\r\n\r\n') })
   * await app.close()
   * ```
   */
  guardUpgrades (rules: AllowedClients): void
  /**
   * Sets the mode of a scope without rules of its own, for its routes and for the scopes inside it.
   *
   * @param mode `'enforce'` or `'report-only'`
   * @throws AllowedClientsOptionError naming the scope
   * @example
   * ```ts
   * const app = Fastify(withMtls(credentials))
   * await app.register(fastifyMtls)
   * await app.register(fastifyAllowedClients)
   * await app.register(async (beta) => { beta.mtls.setMode('report-only') }, { prefix: '/beta' })
   * await app.close()
   * ```
   */
  setMode (mode: Mode): void
  /**
   * Lists every route with its rules and the counts of its requests.
   *
   * @example
   * ```ts
   * const app = Fastify(withMtls(credentials))
   * await app.register(fastifyMtls)
   * await app.register(fastifyAllowedClients)
   * app.get('/invoices', { config: { allowedClients: { ou: 'billing' } } }, async () => [])
   * for (const { methods, url, access, counts } of app.mtls.routes()) console.log(methods, url, access, counts.denied)
   * await app.close()
   * ```
   */
  routes (): readonly ListedRoute[]
  /**
   * Prints every route with its rules.
   *
   * @returns one block of lines for each route
   * @example
   * ```ts
   * const app = Fastify(withMtls(credentials))
   * await app.register(fastifyMtls)
   * await app.register(fastifyAllowedClients)
   * app.get('/invoices', { config: { allowedClients: { ou: 'billing' } } }, async () => [])
   * console.log(app.mtls.printRoutes())
   * await app.close()
   * ```
   */
  printRoutes (): string
  /**
   * Returns what every route would answer a peer. Does not call functions that are used as rules.
   *
   * @param peer the identity of a client, or null for a client without a certificate. A server that requires
   *   certificates refuses the latter in the handshake: every route is `denied` by the rules `handshake`
   * @example
   * ```ts
   * const app = Fastify(withMtls(credentials))
   * await app.register(fastifyMtls)
   * await app.register(fastifyAllowedClients)
   * app.get('/invoices', { config: { allowedClients: { ou: 'billing' } } }, async () => [])
   * for (const { url, outcome } of app.mtls.evaluate(peer)) console.log(url, outcome) // /invoices allowed
   * await app.close()
   * ```
   */
  evaluate (peer: PeerIdentity | null): readonly EvaluatedRoute[]
  /**
   * Reads the rules file now. Resolves at once without a file.
   *
   * @throws RulesFileInvalidError if the file is refused; the rules do not change then
   * @throws AllowedClientsOptionError before the app is ready
   * @example
   * ```ts
   * const app = Fastify(withMtls(credentials))
   * await app.register(fastifyMtls)
   * await app.register(fastifyAllowedClients, { file: 'rules.yaml', watch: false })
   * await app.ready()
   * await app.mtls.reload()
   * await app.close()
   * ```
   */
  reload (): Promise<void>
  /** The number of accepted versions of the rules file, starting at 1; 0 without a file. */
  readonly rulesVersion: number
}
