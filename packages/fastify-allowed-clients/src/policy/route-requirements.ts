import { suggestNearest } from '@peerkit/identity/internal'
import { AllowedClientsOptionError, RulesFileInvalidError } from '../errors.ts'
import type { Mode, Redaction } from '../plugin-options.ts'
import { denyAll } from './access-policy.ts'
import type { AccessPolicy } from './access-policy.ts'
import type { CompiledPolicy } from './compiled-policy.ts'
import type { Declaration } from './declarations.ts'
import type { Scope } from './scopes.ts'

/** A policy that must allow the client, where it was declared, and what happens if it does not. */
export interface Requirement {
  readonly origin: string
  readonly policy: AccessPolicy
  readonly mode: Mode
}

/** A route with what was declared for it. */
export interface RouteDeclaration {
  readonly methods: readonly string[]
  /** The whole pattern, prefix included. */
  readonly url: string
  /** Route constraints (`version`, `host`, …). */
  readonly constraints: Readonly<Record<string, unknown>> | undefined
  readonly instance: object
  readonly own: Declaration | undefined
  readonly mode: Mode | undefined
}

/** How a route is called in errors, logs and rules files. */
export function nameRoute ({ methods, url }: Pick<RouteDeclaration, 'methods' | 'url'>): string {
  return `${methods.join(',')} ${url}`
}

/** A route with its requirements, which must all allow. Without any it is public. */
export interface RouteRequirements {
  readonly site: RouteDeclaration
  readonly requirements: readonly Requirement[]
  /** The prefix of the innermost scope around it. */
  readonly scope: string | undefined
}

/** How many requests of a route were allowed, denied, and let pass although the rules do not allow them. */
export interface RouteCounts { allowed: number, denied: number, wouldDeny: number }

/** A route under the current rules. */
export interface RoutePolicy {
  readonly route: RouteRequirements
  /** Kept across reloads of the rules. */
  readonly counts: RouteCounts
  /** What a denial does not state. */
  readonly redact: Redaction
}

/** The defaults of the app. */
export interface AppDefaults {
  readonly mode: Mode
  readonly defaults: Declaration | undefined
}

/**
 * Collects the requirements of a route: the rules of all scopes around it, outermost first, then its own. A route's own
 * rules replace those of an overridable scope. The default rules apply only if there are no others.
 *
 * @param policyOf returns undefined for `public`
 */
export function resolveRequirements (
  site: RouteDeclaration,
  scopes: readonly Scope[],
  own: Declaration | undefined,
  appDefaults: AppDefaults,
  policyOf: (declaration: Declaration) => AccessPolicy | undefined
): RouteRequirements {
  const requirements: Requirement[] = []
  let declared = false
  const require = (declaration: Declaration, mode: Mode): void => {
    declared = true
    const policy = policyOf(declaration)
    if (policy !== undefined) requirements.push({ origin: declaration.origin, policy, mode })
  }
  for (const [index, { declaration, overridable }] of scopes.entries()) {
    if (declaration !== undefined && !(overridable && own !== undefined)) {
      require(declaration, modeOf(scopes, index, overridable, site.mode, appDefaults.mode))
    }
  }
  const mode = modeOf(scopes, scopes.length - 1, true, site.mode, appDefaults.mode)
  if (own !== undefined) require(own, mode)
  if (!declared && appDefaults.defaults !== undefined) require(appDefaults.defaults, mode)
  if (!declared) requirements.push({ origin: 'none', policy: denyAll, mode })
  return { site, requirements, scope: scopes.at(-1)?.prefix }
}

/**
 * The mode of the rules that were declared at a level: the nearest mode at or around it. Inner scopes and the route may
 * always choose `enforce`. They may choose `report-only` only if the level is overridable: otherwise a route could open
 * its scope.
 */
function modeOf (
  scopes: readonly Scope[], level: number, overridable: boolean, route: Mode | undefined, app: Mode
): Mode {
  let mode = app
  for (const [index, scope] of scopes.entries()) {
    if (scope.mode !== undefined && (index <= level || overridable || scope.mode === 'enforce')) mode = scope.mode
  }
  return route !== undefined && (overridable || route === 'enforce') ? route : mode
}

/**
 * Refuses a route whose `clientCertificate` contradicts its rules. `printRoutes()` and `evaluate()` go by the rules, so
 * they would tell something else than what the route answers.
 *
 * @param clientCertificate of the config of the route, which @peerkit/fastify-mtls reads
 * @throws AllowedClientsOptionError naming the route
 */
export function checkContradiction ({ site, requirements }: RouteRequirements, clientCertificate: unknown): void {
  const name = nameRoute(site)
  if (clientCertificate === 'required' && requirements.length === 0) {
    throw new AllowedClientsOptionError(
      `${name}: the rules are 'public', but config.clientCertificate is "required"; expected no clientCertificate, ` +
        "or the rules 'authenticated'"
    )
  }
  if (clientCertificate !== 'optional') return
  // In report-only mode a client without a certificate passes, and is logged.
  const needing = requirements.find(({ mode, policy }) => mode === 'enforce' && policy.isClosed !== true)
  if (needing === undefined) return
  throw new AllowedClientsOptionError(
    `${name}: config.clientCertificate is "optional", but the rules of ${needing.origin} need a certificate; ` +
      "expected no clientCertificate, or the rules 'public'"
  )
}

/** The rules that a file assigns to routes, and the keys of the file that match no route. */
export interface FileRoutes {
  readonly assigned: ReadonlyMap<RouteDeclaration, Declaration>
  readonly unknown: readonly string[]
}

/**
 * Finds the routes that a rules file names. `GET /x` covers the HEAD route of the same pattern, unless `HEAD /x` is
 * named too. A route with several methods is `GET,POST /x`. Routes that differ only by constraints are all meant.
 *
 * @throws RulesFileInvalidError for a route that has rules in code too
 */
export function findFileRoutes (sites: readonly RouteDeclaration[], { routes, file }: CompiledPolicy): FileRoutes {
  const assigned = new Map<RouteDeclaration, Declaration>()
  const unknown = new Set(routes.keys())
  for (const site of routes.size === 0 ? [] : sites) {
    const key = keysOf(site).find((one) => routes.has(one))
    if (key === undefined) continue
    unknown.delete(key)
    if (site.own === undefined) assigned.set(site, routes.get(key) as Declaration)
    // A HEAD route may have rules in code while the GET route has its rules in the file.
    else if (key === nameRoute(site)) {
      throw new RulesFileInvalidError(
        file, 'structure', `routes[${JSON.stringify(key)}]: the route has rules in code; expected them in one place`
      )
    }
  }
  return { assigned, unknown: [...unknown] }
}

/** What a key of the file was meant to be. */
export function suggestRoute (key: string, sites: readonly RouteDeclaration[]): string {
  const near = suggestNearest(key, sites.map(nameRoute))
  if (near !== '') return near
  // A route of `app.all` has so many methods that no single one is near.
  const same = sites.find(({ url }) => url === key.slice(key.indexOf(' ') + 1))
  if (same !== undefined) return `expected all methods of that route: ${JSON.stringify(nameRoute(same))}`
  return 'expected "METHOD /pattern" as it was added, prefix included'
}

/** The keys of a route in a file, the most specific first. */
function keysOf (site: RouteDeclaration): string[] {
  const name = nameRoute(site)
  return name.startsWith('HEAD ') ? [name, `GET ${site.url}`] : [name]
}
