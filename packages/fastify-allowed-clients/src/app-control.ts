import type { PeerIdentity } from '@peerkit/identity'
import type { AllowedClients, Mode } from './allowed-clients.ts'
import type { ListedRoute } from './list-routes.ts'
import type { ScopeOptions } from './plugin-options.ts'
import type { AccessPreview } from './preview-route.ts'

/** A route, and what it would answer a peer. */
export interface EvaluatedRoute extends AccessPreview {
  readonly methods: readonly string[]
  /** The pattern, prefix included. */
  readonly url: string
}

/** What this plugin adds to `app.mtls`. */
export interface AllowedClientsControl {
  /**
   * Says which clients may call the routes of this encapsulated plugin and of those inside it. A route's own rules narrow
   * them, unless they are `overridable`. Call it once for each scope, before or after its routes, and before the app is
   * ready.
   *
   * @throws MTLS_ERR_RULE_INVALID or MTLS_ERR_ALLOWED_CLIENTS_OPTION naming the scope and the offending key
   * @example
   * ```ts
   * await app.register(async (audit) => {
   *   audit.mtls.allow('auditors')
   *   audit.get('/trail', async () => [])
   * }, { prefix: '/audit' })
   * ```
   */
  allow (rules: AllowedClients, options?: ScopeOptions): void
  /** Sets the mode of a scope that has no rules of its own: of its routes, and of those inside it. */
  setMode (mode: Mode): void
  /** Every route, with its rules and counts of its requests. */
  routes (): readonly ListedRoute[]
  /** Every route with its rules, as text. */
  printRoutes (): string
  /** What every route would answer a peer, or a client without a certificate (null). Calls no predicate. */
  evaluate (peer: PeerIdentity | null): readonly EvaluatedRoute[]
  /** Reads the rules file again, now. Rejects with MTLS_ERR_RULES_FILE_INVALID where it is refused; resolves at once without a file. */
  reload (): Promise<void>
  /** Counts the accepted versions of the rules file, from 1; 0 without a file. */
  readonly rulesVersion: number
}
