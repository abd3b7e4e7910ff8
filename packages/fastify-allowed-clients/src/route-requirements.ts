import type { Mode } from './allowed-clients.ts'
import { denyAll } from './access-policy.ts'
import type { AccessPolicy } from './access-policy.ts'
import type { Declaration, Scope } from './scope.ts'

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

/** A route with its requirements, which must all allow. Without any it is public. */
export interface RouteRequirements {
  readonly site: RouteDeclaration
  readonly requirements: readonly Requirement[]
  /** The prefix of the innermost scope around it. */
  readonly scope: string | undefined
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
