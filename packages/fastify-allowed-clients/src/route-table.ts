import type { Authorizer, RuleSet } from '@peerkit/rules'
import type { RouteOptions } from 'fastify'
import type { GuardedRoute, Mode, Requirement } from './guarded-route.ts'
import { RouteJudge } from './judge-route.ts'
import { checkMode } from './option-check.ts'
import { scopeOf } from './scope.ts'
import type { Scope } from './scope.ts'

export interface TableOptions {
  /** @throws MTLS_ERR_RULE_INVALID, its message begins with `path` */
  compile (rules: RuleSet, path: string): Authorizer
  /** Rules of routes that have none of their own and stand in no scope with rules. */
  readonly defaults: Authorizer | undefined
  readonly open: boolean
  readonly mode: Mode
}

/** Where a route's config carries its entry: Fastify copies the config, so the object itself is no key. */
const kEntry = Symbol('peerkit.allowedClients')

interface Entry { readonly options: RouteOptions, readonly instance: object, readonly own: Authorizer | undefined, readonly mode: Mode | undefined, judge: RouteJudge | undefined }

/** The routes of an app with their rules: own rules are compiled when the route is added, scopes are asked when the app is ready. */
export class RouteTable {
  readonly #options: TableOptions
  readonly #entries = new Set<Entry>()
  readonly #notFound = new WeakMap<object, RouteJudge>()

  constructor (options: TableOptions) {
    this.#options = options
  }

  /** @throws MTLS_ERR_RULE_INVALID naming the route and the offending key */
  add (instance: object, options: RouteOptions): void {
    const { allowedClients, allowedClientsMode } = options.config ?? {}
    const name = `${String(options.method)} ${options.url}`
    checkMode(allowedClientsMode, `${name}: config.allowedClientsMode`)
    const own = allowedClients === undefined ? undefined : this.#options.compile(allowedClients as RuleSet, `${name}: config.allowedClients`)
    const entry: Entry = { options, instance, own, mode: allowedClientsMode, judge: undefined }
    this.#entries.add(entry)
    options.config = { ...options.config, [kEntry]: entry } as NonNullable<RouteOptions['config']>
  }

  /** The judge of the route that a request matched. */
  judgeOf (config: object): RouteJudge | undefined {
    const entry = (config as { [kEntry]?: Entry })[kEntry]
    return entry === undefined ? undefined : this.#judgeOfEntry(entry)
  }

  /** The judge of requests that no route matched: the rules around the instance whose not-found handler answers. */
  judgeNotFound (instance: object): RouteJudge {
    let judge = this.#notFound.get(instance)
    if (judge === undefined) {
      judge = new RouteJudge(this.#guard(['*'], '(not found)', instance, undefined, undefined))
      this.#notFound.set(instance, judge)
    }
    return judge
  }

  routes (): GuardedRoute[] {
    return [...this.#entries].map((entry) => this.#judgeOfEntry(entry).route)
  }

  /** Made at the first look, which is after the app is ready: by then every scope has its rules. */
  #judgeOfEntry (entry: Entry): RouteJudge {
    const { options, instance, own, mode } = entry
    entry.judge ??= new RouteJudge(this.#guard([options.method].flat(), options.url, instance, own, mode))
    return entry.judge
  }

  #guard (methods: readonly string[], url: string, instance: object, own: Authorizer | undefined, mode: Mode | undefined): GuardedRoute {
    const { defaults, open } = this.#options
    const scope = scopeOf(instance)
    const requirements: Requirement[] = collectScopes(scope, own !== undefined)
    if (own !== undefined) requirements.push({ origin: 'config.allowedClients', authorizer: own })
    if (requirements.length === 0 && defaults !== undefined) requirements.push({ origin: 'rules', authorizer: defaults })
    return { methods, url, requirements, open, mode: mode ?? modeOf(scope) ?? this.#options.mode }
  }
}

/** The rules of all scopes around a route, outermost first; those that a route may widen step aside for its own. */
function collectScopes (scope: Scope | undefined, hasOwn: boolean): Requirement[] {
  if (scope === undefined) return []
  const outer = collectScopes(scope.parent, hasOwn)
  if (scope.authorizer === undefined || (hasOwn && scope.mayWiden)) return outer
  return [...outer, { origin: `scope ${scope.prefix}`, authorizer: scope.authorizer }]
}

function modeOf (scope: Scope | undefined): Mode | undefined {
  return scope === undefined ? undefined : scope.mode ?? modeOf(scope.parent)
}
