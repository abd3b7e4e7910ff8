import type { Mode } from './allowed-clients.ts'
import { nobody } from './audience.ts'
import type { Audience } from './audience.ts'
import type { Declaration, Scope } from './scope.ts'

/** A policy that must allow the client, where it was declared, and what happens if it does not. */
export interface Requirement {
  readonly origin: string
  readonly audience: Audience
  readonly mode: Mode
}

/** A route with what was declared for it. */
export interface RouteSite {
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
export interface GuardedRoute {
  readonly site: RouteSite
  readonly requirements: readonly Requirement[]
  /** The prefix of the innermost scope around it. */
  readonly scope: string | undefined
}

/** The defaults of the app. */
export interface Policy {
  readonly mode: Mode
  readonly defaults: Declaration | undefined
}

/**
 * Collects the requirements of a route: the rules of all scopes around it, outermost first, then its own. A route's own
 * rules replace those of an overridable scope. The default rules apply only if there are no others.
 *
 * @param audienceOf returns undefined for `public`
 */
export function guardRoute (
  site: RouteSite,
  scopes: readonly Scope[],
  own: Declaration | undefined,
  policy: Policy,
  audienceOf: (declaration: Declaration) => Audience | undefined
): GuardedRoute {
  const requirements: Requirement[] = []
  let declared = false
  const demand = (declaration: Declaration, mode: Mode): void => {
    declared = true
    const audience = audienceOf(declaration)
    if (audience !== undefined) requirements.push({ origin: declaration.origin, audience, mode })
  }
  for (const [index, { declaration, overridable }] of scopes.entries()) {
    if (declaration !== undefined && !(overridable && own !== undefined)) {
      demand(declaration, modeOf(scopes, index, overridable, site.mode, policy.mode))
    }
  }
  const mode = modeOf(scopes, scopes.length - 1, true, site.mode, policy.mode)
  if (own !== undefined) demand(own, mode)
  if (!declared && policy.defaults !== undefined) demand(policy.defaults, mode)
  if (!declared) requirements.push({ origin: 'none', audience: nobody, mode })
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
