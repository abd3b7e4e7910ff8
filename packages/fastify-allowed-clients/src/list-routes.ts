import type { PeerIdentity } from '@peerkit/identity'
import type { Mode } from './allowed-clients.ts'
import { foreseeRoute } from './foresee-route.ts'
import type { ForeseenAccess } from './foresee-route.ts'
import type { RouteCounts, RouteJudge } from './judge-route.ts'

/** One set of rules that must allow. */
export interface ListedRequirement {
  /** Where it was declared: `config.allowedClients`, `scope /admin`, `rules`, `file routes["GET /x"]`, `unruledRoutes`. */
  readonly rules: string
  readonly mode: Mode
  /** Who may call, for humans: one line a rule, at most 50. */
  readonly allows: string
}

/** A route and who may call it. */
export interface ListedRoute {
  readonly methods: readonly string[]
  /** The pattern, prefix included. */
  readonly url: string
  readonly constraints: Readonly<Record<string, unknown>> | undefined
  /** The prefix of the innermost scope around it that has rules or a mode. */
  readonly scope: string | undefined
  /** `rules`: whom all requirements allow. `anyone`: without a certificate too. `nobody`: nothing says who may call, so the route is closed. */
  readonly access: 'rules' | 'anyone' | 'nobody'
  /** All of them must allow. */
  readonly requirements: readonly ListedRequirement[]
  readonly counts: Readonly<RouteCounts>
  /** What a peer would be told here by the rules in force when it was listed: asks no predicate, counts and publishes nothing. Not enumerable. */
  readonly foresee: (peer: PeerIdentity | null) => ForeseenAccess
}

/** Whether nothing says who may call a route. */
export function isClosed ({ route }: RouteJudge): boolean { return route.requirements.some(({ audience }) => audience.isClosed === true) }

/** A route for consoles. */
export function listRoute (judge: RouteJudge): ListedRoute {
  const { route, counts } = judge
  const { site, requirements, scope } = route
  const listed: Omit<ListedRoute, 'foresee'> = {
    methods: site.methods,
    url: site.url,
    constraints: site.constraints,
    scope,
    access: requirements.length === 0 ? 'anyone' : isClosed(judge) ? 'nobody' : 'rules',
    requirements: requirements.map(({ origin, mode, audience }) => ({ rules: origin, mode, allows: audience.describe() })),
    counts: { ...counts }
  }
  return Object.defineProperty(listed, 'foresee', { value: (peer: PeerIdentity | null) => foreseeRoute(route, peer) }) as ListedRoute
}

/** Routes as text, one block each. The HEAD route that Fastify adds for a GET route is told with it where both ask the same. */
export function printRoutes (routes: readonly ListedRoute[]): string {
  const blocks = new Map<string, string[]>()
  for (const route of routes) {
    const body = printBody(route)
    const constraints = Object.entries(route.constraints ?? {}).map(([name, value]) => ` (${name} ${String(value)})`)
    const key = `${route.url}${constraints.join('')}\n${body}`
    blocks.set(key, [...(blocks.get(key) ?? []), ...route.methods])
  }
  return [...blocks].map(([key, methods]) => `${[...new Set(methods)].join(', ')} ${key}`).join('')
}

function printBody ({ access, requirements, scope }: ListedRoute): string {
  const inScope = scope === undefined ? '' : `  in scope ${scope}\n`
  if (access === 'anyone') return `${inScope}  anyone, without a certificate too\n`
  return inScope + requirements.map(({ rules, mode, allows }, index) => {
    const title = `  ${index === 0 ? '' : 'and '}${rules}${mode === 'report' ? ' (only reported)' : ''}:\n`
    return title + allows.split('\n').map((line) => `    ${line}\n`).join('')
  }).join('')
}
