import type { SeenClient } from '../collect/client-book.ts'
import type { ConsoleState } from './console-state.ts'
import { findFormerAnchor } from './find-anchor.ts'
import type { Outcome } from './listed-route.ts'
import type { Query } from './query.ts'
import { findRoutes } from './route-map.ts'
import type { MappedRoute } from './route-map.ts'
import { nameCertificate } from './show-certificate.ts'

/** A route, who may call it, and what it would say to the clients seen lately. */
export interface AccessRow {
  readonly route: MappedRoute
  readonly clients: ReadonlyArray<{ readonly key: string, readonly name: string, readonly outcome: Outcome }>
}

export interface AccessMap {
  readonly rows: readonly AccessRow[]
  /** Routes and clients beyond those shown. */
  readonly moreRoutes: number
  readonly moreClients: number
  /** The console's own routes, where nobody asked for them. */
  readonly ownLeftOut: number
  /** The clients of the columns; `isFormer`: its CA is not trusted any more, so that the handshake refuses what the rules would allow. */
  readonly clients: ReadonlyArray<SeenClient & { readonly isFormer: boolean }>
}

const MAX_ROUTES = 300
const MAX_CLIENTS = 20

/** Routes by clients: those that were asked for, as many as a page holds. */
export function mapAccess (state: ConsoleState, { q, client }: Query): AccessMap {
  const { routes, ownLeftOut } = findRoutes(state, q)
  const seen = state.collector.clients.list().filter(({ key }) => client === undefined || key === client)
  const clients = seen.slice(0, MAX_CLIENTS).map((one) => ({ ...one, isFormer: findFormerAnchor(one.identity, state.credentials.current, state.rotations.formerAnchors()) !== undefined }))
  const rows = routes.slice(0, MAX_ROUTES).map((route) => ({
    route,
    clients: clients.map(({ key, identity }) => ({ key, name: nameCertificate(identity), outcome: route.evaluate(identity).outcome }))
  }))
  return { rows, clients, ownLeftOut, moreRoutes: routes.length - rows.length, moreClients: seen.length - clients.length }
}
