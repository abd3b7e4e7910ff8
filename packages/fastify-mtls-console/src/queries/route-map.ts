import type { ConsoleState } from './console-state.ts'
import type { ListedRoute } from './listed-route.ts'

/** A route of the map: the HEAD route that Fastify adds to a GET route stands with it. */
export interface MappedRoute extends ListedRoute {
  /** `GET, HEAD /accounts/:id (version 2)`. */
  readonly name: string
}

/** Whether a pattern is a prefix or stands below it. */
export function isWithin (url: string, prefix: string): boolean { return url === prefix || url.startsWith(`${prefix}/`) }

/**
 * The routes that a filter asks for, and how many of the console's own were left out: they all ask the same, and are shown to whoever asks for them by their prefix.
 */
export function findRoutes ({ control, prefix }: Pick<ConsoleState, 'control' | 'prefix'>, filter: string): { readonly routes: readonly MappedRoute[], readonly ownLeftOut: number } {
  const found = mapRoutes(control.routes()).filter((route) => matchesRoute(route, filter))
  const routes = filter.includes(prefix) ? found : found.filter(({ url }) => !isWithin(url, prefix))
  return { routes, ownLeftOut: found.length - routes.length }
}

/** Routes that ask the same of clients are one, with all their methods. */
export function mapRoutes (routes: readonly ListedRoute[]): MappedRoute[] {
  const merged = new Map<string, ListedRoute[]>()
  for (const route of routes) {
    const asks = route.requirements.map(({ rules, mode, allows }) => [rules, mode, forgetMethods(allows, route.url)])
    const key = JSON.stringify([route.url, describeConstraints(route), asks, route.methods.includes('HEAD') || route.methods.includes('GET') ? 'read' : route.methods])
    merged.set(key, [...(merged.get(key) ?? []), route])
  }
  return [...merged.values()].map(mergeRoutes)
}

/** Whether a route has all words of a filter in its method, pattern, scope or rules. `DELETE /accounts` is two words. */
export function matchesRoute (route: MappedRoute, filter: string): boolean {
  const text = [route.name, route.scope ?? '', ...route.requirements.flatMap(({ rules, allows, mode }) => [rules, allows, mode])].join('\n').toLowerCase()
  return filter.toLowerCase().split(/\s+/).every((word) => text.includes(word))
}

function mergeRoutes (routes: readonly ListedRoute[]): MappedRoute {
  const [first] = routes as [ListedRoute]
  const methods = [...new Set(routes.flatMap((route) => route.methods))].sort((a, b) => Number(a === 'HEAD') - Number(b === 'HEAD'))
  const sum = (name: keyof ListedRoute['counts']): number => routes.reduce((total, { counts }) => total + counts[name], 0)
  const counts = { allowed: sum('allowed'), denied: sum('denied'), wouldDeny: sum('wouldDeny') }
  return { ...first, methods, counts, evaluate: first.evaluate, name: `${methods.join(', ')} ${first.url}${describeConstraints(first)}` }
}

/** Of a predicate the rules say at which route it stands (`GET /x: config.…`), method and all. */
function forgetMethods (allows: string, url: string): string {
  return allows.split(` ${url}: `).map((piece, index, pieces) => index < pieces.length - 1 ? piece.replace(/[A-Z,]+$/, '') : piece).join('')
}

function describeConstraints ({ constraints }: ListedRoute): string {
  return Object.entries(constraints ?? {}).map(([name, value]) => ` (${name} ${String(value)})`).join('')
}
