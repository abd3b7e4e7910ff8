import { suggestNearest } from '@peerkit/identity/internal'
import { refuseRulesFile } from './errors.ts'
import type { RouteDeclaration } from './route-requirements.ts'
import type { CompiledPolicy } from './compiled-policy.ts'
import type { Declaration } from './scope.ts'

/** The rules that a file assigns to routes, and the keys of the file that match no route. */
export interface FileRoutes {
  readonly assigned: ReadonlyMap<RouteDeclaration, Declaration>
  readonly unknown: readonly string[]
}

/**
 * Finds the routes that a rules file names. `GET /x` covers the HEAD route of the same pattern, unless `HEAD /x` is
 * named too. A route with several methods is `GET,POST /x`. Routes that differ only by constraints are all meant.
 *
 * @throws MTLS_ERR_RULES_FILE_INVALID for a route that has rules in code too
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
    else if (key === nameOf(site)) {
      refuseRulesFile(
        file, 'structure', `routes[${JSON.stringify(key)}]: the route has rules in code; expected them in one place`
      )
    }
  }
  return { assigned, unknown: [...unknown] }
}

/** What a key of the file was meant to be. */
export function suggestRoute (key: string, sites: readonly RouteDeclaration[]): string {
  return suggestNearest(key, sites.map(nameOf)) || 'expected "METHOD /pattern" as it was added, prefix included'
}

function nameOf ({ methods, url }: RouteDeclaration): string { return `${methods.join(',')} ${url}` }

/** The keys of a route in a file, the most specific first. */
function keysOf (site: RouteDeclaration): string[] {
  const name = nameOf(site)
  return name.startsWith('HEAD ') ? [name, `GET ${site.url}`] : [name]
}
