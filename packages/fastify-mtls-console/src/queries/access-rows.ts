import type { SeenClient } from '../collect/client-book.ts'
import type { ConsoleState } from './console-state.ts'
import { findFormerAnchor } from './find-anchor.ts'
import type { Outcome } from './listed-route.ts'
import type { Query } from './query.ts'
import { findRoutes } from './route-map.ts'
import type { MappedRoute } from './route-map.ts'
import { nameCertificate } from './show-certificate.ts'

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

/** The filtered routes by clients, as many as fit on a page. */
export function mapAccess (state: ConsoleState, { q, client }: Query): AccessMap {
  const { routes, ownLeftOut } = findRoutes(state, q)
  const seen = state.collector.clients.list().filter(({ key }) => client === undefined || key === client)
  const clients = seen.slice(0, MAX_CLIENTS).map((one) => ({
    ...one,
    isFormer: findFormerAnchor(one.identity, state.credentials.current, state.rotations.formerAnchors()) !== undefined
  }))
  const rows = routes.slice(0, MAX_ROUTES).map((route) => ({
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
