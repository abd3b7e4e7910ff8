import { clip } from '@peerkit/identity/internal'
import { mapAccess } from '../access/route-map.ts'
import { gatherCalls } from '../calls/call-facts.ts'
import { listServices } from '../collect/server-book.ts'
import type { ConsoleState } from '../console-state.ts'
import { gatherForecast } from '../forecast/forecast-facts.ts'
import { listDues } from '../trust/calendar.ts'
import { findAnchor, findAuthority } from '../trust/authorities.ts'
import { showCertificate } from '../trust/show-certificate.ts'
import { gatherTrust, listEnds } from '../trust/trust-facts.ts'
import { matchesEvent } from '../query.ts'
import type { Query } from '../query.ts'

const MAX_EVENTS = 1000

/**
 * All data of the pages, for scripts, with the same filters. `v` is the version. Times are in milliseconds since the
 * epoch.
 */
export function gatherData (state: ConsoleState, query: Query): object {
  const { name, instance, since, now, collector, credentials, control, services } = state
  const access = mapAccess(state, query)
  const clients = collector.clients.list().filter(({ key }) => query.client === undefined || key === query.client)
  const events = collector.log.list().filter((event) => matchesEvent(event, query))
  return {
    v: 1,
    time: now(),
    since,
    service: { name, instance },
    trust: gatherTrust(state),
    ends: listEnds(state),
    forecast: gatherForecast(state),
    rulesGeneration: control.rulesVersion,
    routes: access.rows.map(({ route, clients }) => {
      const { methods, url, constraints, scope, access, requirements, counts } = route
      return { methods, url, constraints: nameConstraints(constraints), scope, access, requirements, counts, clients }
    }),
    moreRoutes: access.moreRoutes,
    ownRoutesLeftOut: access.ownLeftOut,
    clients: clients.map(({ identity, ...rest }) => ({
      ...rest,
      certificate: showCertificate(identity),
      ca: findAnchor(identity, credentials.current)?.toString(),
      authority: findAuthority(identity, credentials.current)?.name
    })),
    droppedClients: collector.clients.dropped,
    calls: gatherCalls(state),
    timeline: state.timeline.list(),
    due: listDues(state),
    outbound: listServices(services, collector.servers.list()),
    handshakesRefused: collector.handshakes,
    events: events.slice(0, MAX_EVENTS),
    moreEvents: Math.max(0, events.length - MAX_EVENTS),
    droppedEvents: collector.log.dropped,
    misunderstoodMessages: collector.misunderstood
  }
}

/** Constraints may have values that JSON cannot represent, such as a regular expression for a host. */
function nameConstraints (
  constraints: Readonly<Record<string, unknown>> | undefined
): Readonly<Record<string, string>> | undefined {
  return constraints === undefined
    ? undefined
    : Object.fromEntries(Object.entries(constraints).map(([key, value]) => [key, clip(String(value))]))
}
