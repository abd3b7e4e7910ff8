import type { PeerIdentity } from '@peerkit/identity'
import type { Explanation, TemporaryRule } from '@peerkit/rules'
import type { Mode } from '../plugin-options.ts'
import type { RouteCounts, RoutePolicy, RouteRequirements } from './route-requirements.ts'

/** One set of rules that must allow the client. */
export interface ListedRequirement {
  /**
   * Where it was declared: `config.allowedClients`, `scope /admin`, `defaultRules`, `file routes["GET /x"]`, or `none`.
   */
  readonly rules: string
  readonly mode: Mode
  /** Who may call, as text: one line for each rule, at most 50. */
  readonly allows: string
  /** The rules that hold for a time, at most 50. */
  readonly temporary: readonly TemporaryRule[]
}

/** A route and who may call it. */
export interface ListedRoute {
  readonly methods: readonly string[]
  /** The pattern, prefix included. */
  readonly url: string
  readonly constraints: Readonly<Record<string, unknown>> | undefined
  /** The prefix of the innermost scope around it that has rules or a mode. */
  readonly scope: string | undefined
  /**
   * - `rules`: the client must satisfy every entry of `requirements`
   * - `public`: clients without a certificate too
   * - `nobody`: there are no rules, so the route answers 403
   */
  readonly access: 'rules' | 'public' | 'nobody'
  /** All of them must allow the client. */
  readonly requirements: readonly ListedRequirement[]
  readonly counts: Readonly<RouteCounts>
  /**
   * Returns what the route would answer a peer, by the rules at the time of listing. It calls no functions, counts
   * nothing and publishes nothing. Not enumerable.
   */
  readonly evaluate: (peer: PeerIdentity | null) => AccessPreview
}

const MAX_TEMPORARY = 50

/** Whether a route has no rules. */
export function isClosed ({ route }: RoutePolicy): boolean {
  return route.requirements.some(({ policy }) => policy.isClosed === true)
}

/** Describes a route for `app.mtls.routes()`. */
export function listRoute (routePolicy: RoutePolicy): ListedRoute {
  const { route, counts } = routePolicy
  const { site, requirements, scope } = route
  const listed: Omit<ListedRoute, 'evaluate'> = {
    methods: site.methods,
    url: site.url,
    constraints: site.constraints,
    scope,
    access: requirements.length === 0 ? 'public' : isClosed(routePolicy) ? 'nobody' : 'rules',
    requirements: requirements.map(({ origin, mode, policy }) => ({
      rules: origin, mode, allows: policy.describe(), temporary: policy.temporary.slice(0, MAX_TEMPORARY)
    })),
    counts: { ...counts }
  }
  return Object.defineProperty(listed, 'evaluate', {
    value: (peer: PeerIdentity | null) => previewRoute(route, peer)
  }) as ListedRoute
}

/**
 * Prints routes, one block each. The HEAD route that Fastify adds to a GET route shares its block if both have the same
 * rules.
 */
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
  if (access === 'public') return `${inScope}  public: clients without a certificate too\n`
  return inScope + requirements.map(({ rules, mode, allows }, index) => {
    const title = `  ${index === 0 ? '' : 'and '}${rules}${mode === 'report-only' ? ' (report-only)' : ''}:\n`
    return title + allows.split('\n').map((line) => `    ${line}\n`).join('')
  }).join('')
}

/**
 * What a route would answer a peer, as far as it is known without a request.
 *
 * - `allowed`, `denied`
 * - `reported`: the request would pass and be logged, since the mode is `report-only`
 * - `needs-request`: a function decides on the request, or a rule takes a value from it
 */
export type Outcome = 'allowed' | 'denied' | 'reported' | 'needs-request'

/** What one set of rules would answer. */
export interface RequirementPreview {
  /**
   * Where they were declared, as in `ListedRequirement`; `handshake` if the server requires certificates and the client
   * has none.
   */
  readonly rules: string
  readonly mode: Mode
  readonly outcome: Exclude<Outcome, 'reported'>
  /**
   * Explains the answer rule by rule; undefined if there are no rules, or more than 10,000. Visits every rule, so call
   * it only if needed.
   */
  explain (): Explanation | undefined
}

/** What a route would answer. */
export interface AccessPreview {
  readonly outcome: Outcome
  /** All of them must allow, except those with mode `report-only`. */
  readonly requirements: readonly RequirementPreview[]
}

/** Evaluates every requirement of a route for a peer. Calls no functions, counts nothing and publishes nothing. */
export function previewRoute ({ requirements }: RouteRequirements, peer: PeerIdentity | null): AccessPreview {
  const previews = requirements.map(({ origin, mode, policy }): RequirementPreview => ({
    rules: origin,
    mode,
    outcome: policy.preview(peer),
    explain: () => policy.explain(peer)
  }))
  return { outcome: combine(previews), requirements: previews }
}

function combine (requirements: readonly RequirementPreview[]): Outcome {
  const enforced = requirements.filter(({ mode }) => mode === 'enforce')
  if (enforced.some(({ outcome }) => outcome === 'denied')) return 'denied'
  if (enforced.some(({ outcome }) => outcome === 'needs-request')) return 'needs-request'
  return requirements.some(({ outcome }) => outcome !== 'allowed') ? 'reported' : 'allowed'
}
