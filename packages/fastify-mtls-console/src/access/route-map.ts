import type { ListedRoute, Outcome } from '@peerkit/fastify-allowed-clients'
import type { SeenClient } from '../collect/client-book.ts'
import type { ConsoleState } from '../console-state.ts'
import { hasWords } from '../query.ts'
import type { Query } from '../query.ts'
import { findFormerAnchor } from '../trust/authorities.ts'
import { nameCertificate } from '../trust/show-certificate.ts'

/** A route of the map, with the HEAD route that Fastify adds to a GET route. */
export interface MappedRoute extends ListedRoute {
  /** `GET, HEAD /accounts/:id (version 2)`. */
  readonly name: string
}

/** Whether a pattern is the prefix or below it. */
export function isWithin (url: string, prefix: string): boolean {
  return url === prefix || url.startsWith(`${prefix}/`)
}

/**
 * The filtered routes. Those of the console have all the same rules, so they are listed only if the filter has the
 * prefix.
 */
export function findRoutes (
  { control, prefix }: Pick<ConsoleState, 'control' | 'prefix'>,
  filter: string
): { readonly routes: readonly MappedRoute[], readonly ownLeftOut: number } {
  const found = mapRoutes(control.routes()).filter((route) => matchesRoute(route, filter))
  const routes = filter.includes(prefix) ? found : found.filter(({ url }) => !isWithin(url, prefix))
  return { routes, ownLeftOut: found.length - routes.length }
}

/** Merges routes with the same pattern and rules into one with all their methods. */
function mapRoutes (routes: readonly ListedRoute[]): MappedRoute[] {
  const merged = new Map<string, ListedRoute[]>()
  for (const route of routes) {
    const asks = route.requirements.map(({ rules, mode, allows }) => [rules, mode, forgetMethods(allows, route.url)])
    const key = JSON.stringify([
      route.url,
      describeConstraints(route),
      asks,
      route.methods.includes('HEAD') || route.methods.includes('GET') ? 'read' : route.methods
    ])
    merged.set(key, [...(merged.get(key) ?? []), route])
  }
  return [...merged.values()].map(mergeRoutes)
}

/**
 * Whether a route has all words of a filter in its methods, pattern, scope or rules. `DELETE /accounts` is two words.
 */
function matchesRoute (route: MappedRoute, filter: string): boolean {
  const rules = route.requirements.flatMap(({ rules, allows, mode }) => [rules, allows, mode])
  return hasWords(filter, [route.name, route.scope, ...rules])
}

function mergeRoutes (routes: readonly ListedRoute[]): MappedRoute {
  const [first] = routes as [ListedRoute]
  const methods = [
    ...new Set(routes.flatMap((route) => route.methods))
  ].sort((a, b) => Number(a === 'HEAD') - Number(b === 'HEAD'))
  const sum = (name: keyof ListedRoute['counts']): number => routes.reduce((total, { counts }) => total +
    counts[name], 0)
  const counts = { allowed: sum('allowed'), denied: sum('denied'), wouldDeny: sum('wouldDeny') }
  return {
    ...first,
    methods,
    counts,
    evaluate: first.evaluate,
    name: `${methods.join(', ')} ${first.url}${describeConstraints(first)}`
  }
}

/** Removes the method from the place of a predicate in the rules (`GET /x: config.…`). */
function forgetMethods (allows: string, url: string): string {
  return allows
    .split(` ${url}: `)
    .map((piece, index, pieces) => index < pieces.length - 1 ? piece.replace(/[A-Z,]+$/, '') : piece)
    .join('')
}

function describeConstraints ({ constraints }: ListedRoute): string {
  return Object.entries(constraints ?? {}).map(([name, value]) => ` (${name} ${String(value)})`).join('')
}

/** A route with its outcome for each recent client. */
export interface AccessRow {
  readonly route: MappedRoute
  readonly clients: ReadonlyArray<{ readonly key: string, readonly name: string, readonly outcome: Outcome }>
}

export interface AccessMap {
  readonly rows: readonly AccessRow[]
  /** Routes and clients beyond those shown. */
  readonly moreRoutes: number
  readonly moreClients: number
  /** The number of console routes that are not listed. */
  readonly ownLeftOut: number
  /**
   * The clients of the columns. `isFormer`: its CA is no longer trusted, so the handshake refuses it whatever the rules
   * say.
   */
  readonly clients: ReadonlyArray<SeenClient & { readonly isFormer: boolean }>
}

const MAX_ROUTES = 300
const MAX_CLIENTS = 20

/**
 * The filtered routes by clients, as many as fit on a page.
 *
 * @param most the largest number of routes
 */
export function mapAccess (state: ConsoleState, { q, client }: Query, most: number = MAX_ROUTES): AccessMap {
  const { routes, ownLeftOut } = findRoutes(state, q)
  const seen = state.collector.clients.list().filter(({ key }) => client === undefined || key === client)
  const clients = seen.slice(0, MAX_CLIENTS).map((one) => ({
    ...one,
    isFormer: findFormerAnchor(one.identity, state.credentials.current, state.rotations.formerAnchors()) !== undefined
  }))
  const rows = routes.slice(0, most).map((route) => ({
    route,
    clients: clients.map(({ key, identity }) => ({
      key,
      name: nameCertificate(identity),
      outcome: route.evaluate(identity).outcome
    }))
  }))
  return {
    rows,
    clients,
    ownLeftOut,
    moreRoutes: routes.length - rows.length,
    moreClients: seen.length - clients.length
  }
}
