import type { Explanation } from '@peerkit/rules'
import type { PeerIdentity } from '@peerkit/identity'
import { clip } from '@peerkit/identity/internal'
import type { ConsoleState } from './console-state.ts'
import { previewHandshake } from './preview-handshake.ts'
import type { HandshakeForecast } from './preview-handshake.ts'
import type { AccessPreview, Outcome } from './listed-route.ts'
import { findRoutes } from './route-map.ts'
import type { MappedRoute } from './route-map.ts'
import { showCertificate } from './show-certificate.ts'
import type { ShownCertificate } from './show-certificate.ts'

/** The answer of a route to the certificate. */
export interface WhatIfRoute {
  readonly route: string
  readonly outcome: Outcome
  readonly requirements: ReadonlyArray<{
    readonly rules: string
    readonly mode: 'enforce' | 'report-only'
    readonly outcome: string
    readonly explanation: readonly string[]
  }>
}

/** The result for a pasted certificate. */
export interface WhatIfAnswer {
  readonly certificate: ShownCertificate
  readonly handshake: HandshakeForecast
  readonly routes: readonly WhatIfRoute[]
  /** Routes beyond those shown. */
  readonly more: number
}

/** The largest number of routes, because an explanation checks every rule. */
const MAX_ROUTES = 200

/** Checks a certificate as if it called. Nothing is counted or published, and predicates are not called. */
export async function askWhatIf (
  state: ConsoleState,
  leaf: PeerIdentity,
  sent: readonly PeerIdentity[],
  filter: string
): Promise<WhatIfAnswer> {
  const { routes } = findRoutes(state, filter)
  const { forecast, peer } = await previewHandshake(leaf, sent, state)
  // Rules see only what the authority vouches for.
  const client = peer ?? leaf
  return {
    certificate: showCertificate(client),
    handshake: forecast,
    routes: routes.slice(0, MAX_ROUTES).map((route) => evaluate(route, client)),
    more: Math.max(0, routes.length - MAX_ROUTES)
  }
}

function evaluate (route: MappedRoute, client: PeerIdentity): WhatIfRoute {
  const { outcome, requirements } = route.evaluate(client)
  return { route: route.name, outcome, requirements: requirements.map((requirement) => explain(requirement)) }
}

function explain (
  { rules, mode, outcome, explain }: AccessPreview['requirements'][number]
): WhatIfRoute['requirements'][number] {
  const explanation: Explanation | undefined = explain()
  const lines = explanation === undefined
    ? [outcome === 'allowed' ? 'every authenticated client may call' : 'the route has no rule']
    : String(explanation).split('\n').filter((line) => !line.startsWith('peer: '))
  return { rules, mode, outcome, explanation: lines.map((line) => clip(line, 500) as string) }
}
