import type { PeerIdentity } from '@peerkit/identity'
import { isWithin } from '@peerkit/identity/internal'
import type { RouteOptions } from 'fastify'
import { AllowedClientsOptionError, RulesFileInvalidError } from '../errors.ts'
import { answersNotFound, isRoot } from '../fastify-internals.ts'
import { checkRouteConfig, checkScopeOptions } from '../plugin-options.ts'
import type { AllowedClients, Mode, Redaction, ScopeOptions } from '../plugin-options.ts'
import { denyAll } from './access-policy.ts'
import type { AccessPolicy } from './access-policy.ts'
import type { CompiledPolicy } from './compiled-policy.ts'
import { DeclarationCache } from './declarations.ts'
import type { Declaration } from './declarations.ts'
import {
  checkContradiction, findFileRoutes, nameRoute, resolveRequirements, suggestRoute
} from './route-requirements.ts'
import type { RouteCounts, RouteDeclaration, RoutePolicy, RouteRequirements } from './route-requirements.ts'
import { checkParams } from './route-params.ts'
import { ScopeTree } from './scopes.ts'

/** Key of the entry in a route's config. Fastify copies the config, so the object itself cannot be a key. */
const kEntry = Symbol('peerkit.allowedClients')

interface Entry {
  readonly site: RouteDeclaration
  readonly options: RouteOptions
  readonly seen: unknown
  readonly counts: RouteCounts
  policy: RoutePolicy | undefined
}

/** Stands for a route where there is none. */
function placeOf (method: string, url: string, of: Partial<RouteDeclaration> = {}): RouteDeclaration {
  return { methods: [method], url, constraints: undefined, instance: {}, own: undefined, mode: undefined, ...of }
}

function newCounts (): RouteCounts { return { allowed: 0, denied: 0, wouldDeny: 0 } }

/** The policy of a route that the onRoute hook has not seen: it denies every request, whatever the options say. */
const UNSEEN: RoutePolicy = {
  route: {
    site: placeOf('*', '(unknown)'),
    requirements: [{ origin: 'none', policy: denyAll, mode: 'enforce' }],
    scope: undefined
  },
  counts: newCounts(),
  redact: 'all'
}

/** The plugin options that the table needs. */
export interface TableOptions {
  readonly mode: Mode
  readonly notFoundRules: AllowedClients | undefined
  /** Whether the server refuses clients without a certificate in the handshake. */
  readonly requiresCertificate: () => boolean
  readonly redactFound: Redaction
}

/** The routes of an app with their policies under the current rules. */
export class RouteTable {
  readonly #options: TableOptions
  readonly #scopes = new ScopeTree()
  readonly #declarations = new DeclarationCache()
  readonly #entries = new Set<Entry>()
  readonly #notFound: Declaration | undefined
  #upgrades: Declaration | undefined
  /** The policy of CORS preflights that fastify-mtls recognized. It asks nothing: browsers send no certificate. */
  readonly preflights: RoutePolicy
  #missing = new WeakMap<object, RoutePolicy>()
  #compiled: CompiledPolicy
  #sealed = false

  constructor (options: TableOptions, compiled: CompiledPolicy) {
    this.#options = options
    this.preflights = {
      route: { site: placeOf('OPTIONS', '(preflight)'), requirements: [], scope: undefined },
      counts: newCounts(),
      redact: options.redactFound
    }
    this.#compiled = compiled
    this.#notFound = this.#declare(options.notFoundRules, 'notFoundRules', 'notFoundRules')
  }

  /** @throws RuleInvalidError or AllowedClientsOptionError naming the route and the offending key */
  addRoute (instance: object, options: RouteOptions): void {
    const methods = Object.freeze([options.method].flat().map((method) => method.toUpperCase()))
    const name = nameRoute({ methods, url: options.url })
    const config = (options.config ?? {}) as { allowedClients?: AllowedClients, allowedClientsMode?: Mode }
    checkRouteConfig(options, config, name)
    const own = 'allowedClients' in config
      ? this.#declareGiven(config.allowedClients, `${name}: config.allowedClients`, 'config.allowedClients')
      : undefined
    const site: RouteDeclaration = {
      methods, url: options.url, constraints: options.constraints, instance, own, mode: config.allowedClientsMode
    }
    const entry: Entry = { site, options, seen: config.allowedClients, counts: newCounts(), policy: undefined }
    this.#entries.add(entry)
    options.config = { ...options.config, [kEntry]: entry } as NonNullable<RouteOptions['config']>
  }

  /**
   * @param rules undefined if the scope only has a mode
   * @throws RuleInvalidError or AllowedClientsOptionError naming the scope and the offending key
   */
  addScope (
    instance: object, prefix: string, rules: { readonly value: unknown } | undefined, options: ScopeOptions
  ): void {
    const where = `scope ${prefix}`
    checkScopeOptions(options, where)
    if (this.#sealed) {
      throw new AllowedClientsOptionError(`${where}: app.mtls.allow() was called after the app was ready`)
    }
    if (this.#scopes.has(instance)) {
      throw new AllowedClientsOptionError(
        `${where} already has rules or a mode; expected one call of app.mtls.allow() or setMode() for each scope`
      )
    }
    const { overridable = false, mode } = options
    this.#scopes.set(instance, {
      prefix,
      declaration: rules === undefined
        ? undefined
        : this.#declareGiven(rules.value as AllowedClients | undefined, `${where}: rules`, where),
      overridable,
      mode
    })
  }

  /**
   * Compiles the rules at once, so that an error has the stack of the code that declared them. Keeps a copy for
   * reloads.
   */
  #declare (value: AllowedClients | undefined, path: string, origin: string): Declaration | undefined {
    return value === undefined
      ? undefined
      : this.#declarations.declare(value, path, origin, (declaration) => { this.#compiled.policyOf(declaration) })
  }

  /** Undefined is a mistake, not a request for the default. */
  #declareGiven (value: AllowedClients | undefined, path: string, origin: string): Declaration {
    if (value !== undefined) return this.#declare(value, path, origin) as Declaration
    throw new AllowedClientsOptionError(
      `${path} is undefined; expected rules, such as a group of the option groups, a rule or 'authenticated'`
    )
  }

  /** Reports what is wrong with the current rules after the authorities changed. */
  recheck (report: (path: string, text: string) => void): void { this.#compiled.recheck(report) }

  /**
   * Call it when all scopes are declared: resolves the policies of all routes.
   *
   * @throws RulesFileInvalidError, AllowedClientsOptionError
   */
  seal (): void {
    for (const entry of this.#entries) checkUntouched(entry)
    this.#checkScopes()
    this.#sealed = true
    this.replace(this.#compiled)
  }

  /** Whether an instance, or one inside it, has rules of its own: on a route or for the scope. */
  hasRulesWithin (scope: object): boolean {
    return [...this.#scopes.keys()].some((instance) => isWithin(instance, scope)) ||
      this.#sites.some(({ own, mode, instance }) => {
        return (own !== undefined || mode !== undefined) && isWithin(instance, scope)
      })
  }

  get #sites (): readonly RouteDeclaration[] { return [...this.#entries].map(({ site }) => site) }

  /** Refuses rules of a scope without routes: its author believes that they hold for the routes of another plugin. */
  #checkScopes (): void {
    for (const [scope, { declaration, prefix }] of this.#scopes) {
      if (declaration === undefined || isRoot(scope) || answersNotFound(scope)) continue
      if (this.#sites.some(({ instance }) => isWithin(instance, scope))) continue
      throw new AllowedClientsOptionError(
        `scope ${prefix}: app.mtls.allow() was called where there is no route; expected the routes in the same ` +
          'plugin function, or in plugins registered in it. Another plugin with the same prefix is another scope'
      )
    }
  }

  /**
   * Replaces the rules of all routes. On any mistake it throws and changes nothing.
   *
   * @throws RuleInvalidError, RulesFileInvalidError
   */
  replace (compiled: CompiledPolicy): void { this.prepare(compiled)() }

  /**
   * Checks rules for all routes, and returns what brings them into force.
   *
   * @throws RuleInvalidError, RulesFileInvalidError, AllowedClientsOptionError
   */
  prepare (compiled: CompiledPolicy): () => void {
    const { assigned, unknown } = findFileRoutes(this.#sites, compiled)
    if (unknown[0] !== undefined) {
      throw new RulesFileInvalidError(
        compiled.file,
        'unknown_route',
        `routes[${JSON.stringify(unknown[0])}]: the app has no such route; ${suggestRoute(unknown[0], this.#sites)}`
      )
    }
    if (this.#notFound !== undefined) compiled.policyOf(this.#notFound)
    for (const { declaration } of this.#scopes.values()) if (declaration !== undefined) compiled.policyOf(declaration)
    const policies = [...this.#entries].map((entry) => {
      return { entry, policy: this.#resolve(entry.site, assigned.get(entry.site), entry.counts, compiled) }
    })
    this.#checkPublicMissing(compiled)
    this.#checkWithoutRoute(compiled)
    this.#checkPublic(policies.map(({ policy }) => policy.route))
    for (const { entry: { options }, policy: { route } } of policies) {
      checkParams(route)
      checkContradiction(route, (options.config as { clientCertificate?: unknown } | undefined)?.clientCertificate)
    }
    return () => {
      for (const { entry, policy } of policies) entry.policy = policy
      this.#missing = new WeakMap()
      this.#compiled = compiled
    }
  }

  /** Refuses rules that name a value which what they are for never has. */
  #checkWithoutRoute (compiled: CompiledPolicy): void {
    const find = (declaration: Declaration | undefined): AccessPolicy | undefined =>
      declaration === undefined ? undefined : compiled.policyOf(declaration)
    const param = find(this.#notFound)?.requestValues.find(({ source }) => source === 'param')
    if (param !== undefined) {
      throw new AllowedClientsOptionError(
        `notFoundRules name the parameter ${JSON.stringify(param.name)} (${param.path}), but a URL that no route ` +
          'matches has no parameters; expected a header, a query parameter or a value'
      )
    }
    const [used] = find(this.#upgrades)?.requestValues ?? []
    if (used === undefined) return
    throw new AllowedClientsOptionError(
      `the rules of app.mtls.guardUpgrades() take a value from the request (${used.path}), which Fastify does not ` +
        'read for upgrades without a route; expected a value, or a route for the upgrade'
    )
  }

  /** The groups of a peer under the current rules. */
  groupsOf (peer: PeerIdentity | null, request: unknown): readonly string[] {
    return this.#compiled.groupsOf(peer, request)
  }

  /** Requests without a certificate never come to rules for unknown URLs either. */
  #checkPublicMissing (compiled: CompiledPolicy): void {
    if (this.#notFound === undefined || compiled.policyOf(this.#notFound) !== undefined) return
    if (this.#options.requiresCertificate()) refuseUnreachable("notFoundRules are 'public'")
  }

  /** A public route on a server that refuses clients without a certificate would answer none of them. */
  #checkPublic (routes: readonly RouteRequirements[]): void {
    if (!this.#options.requiresCertificate()) return
    const names = routes.filter(({ requirements }) => requirements.length === 0)
      .map(({ site }) => nameRoute(site))
    if (names.length === 0) return
    refuseUnreachable(`${names.join('; ')}: the rules are 'public'`)
  }

  /**
   * The policy of the route that a request matched. For a route that the onRoute hook has not seen, one that denies
   * all.
   */
  policyOf (config: object): RoutePolicy {
    const entry = (config as { [kEntry]?: Entry })[kEntry]
    if (entry === undefined) return UNSEEN
    // Another plugin's onReady hook may inject a request before this plugin's hook ran.
    if (entry.policy === undefined) this.seal()
    return entry.policy as RoutePolicy
  }

  /**
   * The policy of requests that no route matched: the scopes around the instance whose not-found handler answers, and
   * `notFoundRules`.
   */
  policyOfMissing (instance: object): RoutePolicy {
    let policy = this.#missing.get(instance)
    if (policy === undefined) {
      const site = placeOf('*', '(not found)', { instance, own: this.#notFound })
      policy = this.#resolve(site, undefined, newCounts(), this.#compiled)
      this.#missing.set(instance, policy)
    }
    return policy
  }

  /** Returns the policy of what answers upgrades without a route: under the rules in force, whenever it is asked. */
  policyOfUpgrades (rules: AllowedClients | undefined): () => RoutePolicy {
    const own = this.#declareGiven(rules, 'app.mtls.guardUpgrades(rules)', 'guardUpgrades')
    this.#upgrades = own
    this.#checkWithoutRoute(this.#compiled)
    if (this.#compiled.policyOf(own) === undefined && this.#options.requiresCertificate()) {
      refuseUnreachable("the rules of app.mtls.guardUpgrades() are 'public'")
    }
    const site = placeOf('GET', '(upgrade)', { own })
    const counts = newCounts()
    return () => this.#resolve(site, undefined, counts, this.#compiled)
  }

  #resolve (
    site: RouteDeclaration, fromFile: Declaration | undefined, counts: RouteCounts, compiled: CompiledPolicy
  ): RoutePolicy {
    const defaults = { mode: this.#options.mode, defaults: compiled.defaults }
    const scopes = this.#scopes.around(site.instance)
    const policyOf = compiled.policyOf.bind(compiled)
    const route = resolveRequirements(site, scopes, site.own ?? fromFile, defaults, policyOf)
    return { route, counts, redact: this.#options.redactFound }
  }

  /** Every route with its policy, in the order in which they were added. */
  list (): { readonly options: RouteOptions, readonly policy: RoutePolicy }[] {
    const entries = [...this.#entries]
    const { assigned } = findFileRoutes(this.#sites, this.#compiled)
    return entries.map(({ options, site, counts, policy }) => ({
      options, policy: policy ?? this.#resolve(site, assigned.get(site), counts, this.#compiled)
    }))
  }
}

/** Refuses rules for clients without a certificate on a server that has none. */
function refuseUnreachable (what: string): never {
  throw new AllowedClientsOptionError(
    `${what}, but the server refuses clients without a certificate in the handshake; expected withMtls(credentials, ` +
      "{ mtls: { clientCertificate: 'optional' } }), or the rules 'authenticated'"
  )
}

/**
 * Refuses a config that an onRoute hook of another plugin changed afterwards: its rules would be ignored.
 *
 * @throws AllowedClientsOptionError
 */
function checkUntouched (entry: Entry): void {
  const { site, options, seen } = entry
  const config = (options.config ?? {}) as { allowedClients?: unknown, [kEntry]?: Entry }
  if (config[kEntry] === entry && config.allowedClients === seen) return
  const what = config[kEntry] === entry ? 'changed config.allowedClients' : 'replaced the config of the route'
  throw new AllowedClientsOptionError(
    `${nameRoute(site)}: an onRoute hook that was added after @peerkit/fastify-allowed-clients ` +
      `${what}; register the plugin that adds it first`
  )
}
