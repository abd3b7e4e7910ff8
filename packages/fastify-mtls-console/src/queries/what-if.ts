import type { Explanation } from '@peerkit/rules'
import type { PeerIdentity } from '@peerkit/identity'
import { clip } from '../collect/clip.ts'
import type { ConsoleState } from './console-state.ts'
import { previewHandshake } from './preview-handshake.ts'
import type { HandshakeForecast } from './preview-handshake.ts'
import type { AccessPreview, Outcome } from './listed-route.ts'
import { findRoutes } from './route-map.ts'
import type { MappedRoute } from './route-map.ts'
import { showCertificate } from './show-certificate.ts'
import type { ShownCertificate } from './show-certificate.ts'

/** What one route would say to the certificate. */
export interface WhatIfRoute {
  readonly route: string
  readonly outcome: Outcome
  readonly requirements: ReadonlyArray<{ readonly rules: string, readonly mode: 'enforce' | 'report-only', readonly outcome: string, readonly explanation: readonly string[] }>
}

/** What would happen if a certificate called. */
export interface WhatIfAnswer {
  readonly certificate: ShownCertificate
  readonly handshake: HandshakeForecast
  readonly routes: readonly WhatIfRoute[]
  /** Routes beyond those shown. */
  readonly more: number
}

/** An explanation walks every rule of a route: what an operator reads at a time is no more than this. */
const MAX_ROUTES = 200

/** Judges a certificate as if it called, without counting or publishing anything and without asking predicates. */
export async function askWhatIf (state: ConsoleState, leaf: PeerIdentity, sent: readonly PeerIdentity[], filter: string): Promise<WhatIfAnswer> {
  const { routes } = findRoutes(state, filter)
  const { forecast, peer } = await previewHandshake(leaf, sent, state)
  // Rules read what the authority vouches for, and nothing else of the certificate.
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

function explain ({ rules, mode, outcome, explain }: AccessPreview['requirements'][number]): WhatIfRoute['requirements'][number] {
  const explanation: Explanation | undefined = explain()
  const lines = explanation === undefined ? [outcome === 'allowed' ? 'every identified client may call' : 'nothing says who may call'] : String(explanation).split('\n').filter((line) => !line.startsWith('peer: '))
  return { rules, mode, outcome, explanation: lines.map((line) => clip(line, 500) as string) }
}
