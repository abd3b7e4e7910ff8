import { gatherCalls, requestsOf } from '../../calls/call-facts.ts'
import type { CallFacts, Caller } from '../../calls/call-facts.ts'
import type { ShownService } from '../../collect/server-book.ts'
import type { ConsoleState } from '../../console-state.ts'
import { csvLink } from '../export-links.ts'
import { drawNarrow, drawWide } from '../graph/draw-graph.ts'
import { limitNodes } from '../graph/graph.ts'
import type { Graph, GraphNode } from '../graph/graph.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import type { Page } from '../layout.ts'
import { badge, countOf, decisionCounts, showExpiry, table } from '../parts.ts'
import { breakable, showPeer } from '../names.ts'
import { term } from '../terms.ts'
import { showTime } from '../time.ts'

/** The largest number of callers in the table. */
const MAX_CALLERS = 100

/** The page of who calls this service, and whom it calls. */
export function callsPage (state: ConsoleState): Page {
  const { prefix, now: clock } = state
  const now = clock()
  const calls = gatherCalls(state)
  const graph = makeGraph(state, calls)
  return {
    title: 'Calls',
    isLive: true,
    body: html`<div class="panel" id="graph" data-live="graph">${graph.callers.length + graph.servers.length === 0
      ? html`<p class="faint">No calls since the start.</p>`
      : html`${drawWide(graph)}${drawNarrow(graph)}`}
<p class="faint legend"><span class="nowrap"><span class="key good"></span> all allowed</span> <span
class="nowrap"><span class="key warn"></span> some ${term('denied')} or failed</span> <span
class="nowrap"><span class="key bad"></span> all denied or failed</span> <span
class="nowrap"><span class="key none"></span> not called yet</span></p></div>
<section aria-labelledby="callers-title"><h2 id="callers-title">Who calls this service</h2>
${callerTable(calls, prefix, now)}</section>
<section aria-labelledby="services-title"><h2 id="services-title">Whom this service calls</h2>
${serverTable(calls, prefix, now)}</section>`
  }
}

function makeGraph ({ name, prefix }: ConsoleState, { callers, servers, refusedHandshakes }: CallFacts): Graph {
  const refused: readonly GraphNode[] = refusedHandshakes === 0
    ? []
    : [{
        name: `${refusedHandshakes} refused in the handshake`,
        note: 'who it was is not known',
        tone: 'bad',
        href: `${prefix}/log?kind=handshake`,
        weight: refusedHandshakes
      }]
  return {
    service: shortenId(name, name),
    callers: [...limitNodes(callers.map((caller) => callerNode(caller, name, prefix)), 'clients'), ...refused],
    servers: limitNodes(servers.map((server) => serverNode(server, prefix)), 'servers')
  }
}

/** Leaves out the trust domain of a SPIFFE ID if it is that of this service. */
function shortenId (name: string, own: string): string {
  const [domain] = /^spiffe:\/\/[^/]+\/(?=.)/.exec(own) ?? []
  return domain !== undefined && name.startsWith(domain) ? name.slice(domain.length) : name
}

function callerNode (caller: Caller, own: string, prefix: string): GraphNode {
  const { name, key, allowed, denied, wouldDeny, isFormer } = caller
  const [bad, all] = [denied + wouldDeny, requestsOf(caller)]
  const reported = wouldDeny > 0 ? `, ${wouldDeny} would be denied` : ''
  return {
    name: shortenId(name, own),
    note: isFormer ? 'its CA was removed' : `${allowed} allowed, ${denied} denied${reported}`,
    tone: isFormer ? 'bad' : all === 0 ? 'none' : bad === 0 ? 'good' : allowed + wouldDeny === 0 ? 'bad' : 'warn',
    href: `${prefix}/clients?client=${encodeURIComponent(key)}`,
    weight: all
  }
}

function serverNode ({ name, origin, connections, refused }: ShownService, prefix: string): GraphNode {
  const failed = refused === 0 ? '' : `, ${refused} failed`
  return {
    name: name ?? origin,
    note: connections + refused === 0 ? 'not called yet' : `${countOf(connections, 'connection')}${failed}`,
    tone: connections + refused === 0 ? 'none' : refused === 0 ? 'good' : connections === 0 ? 'bad' : 'warn',
    href: `${prefix}/log?kind=outbound&q=${encodeURIComponent(origin)}`,
    weight: connections + refused
  }
}

function callerTable ({ callers }: CallFacts, prefix: string, now: number): Html {
  const more = callers.length - MAX_CALLERS
  return html`${table({
    id: 'callers',
    caption: 'Clients, those with the most requests first',
    columns: ['Client', 'Requests', 'Connections', 'Seen'],
    empty: 'No client was seen since the start.',
    csv: csvLink(prefix, 'calls'),
    rows: callers.slice(0, MAX_CALLERS).map((caller) => [
      { content: showCaller(caller, prefix), isHeader: true, class: 'break' },
      { content: decisionCounts(caller) },
      { content: caller.connections },
      { content: showTime(caller.lastSeen, now) }
    ])
  })}${more > 0 && html`<p class="faint">${more} more clients are in the CSV file.</p>`}`
}

function showCaller ({ name, key, isFormer, certificates }: Caller, prefix: string): Html {
  const former = isFormer && html` ${badge('bad', 'CA removed')}`
  const several = certificates > 1 && html` <span class="faint">${certificates} certificates</span>`
  return html`<a href="${prefix}/clients?client=${encodeURIComponent(key)}">${breakable(name)}</a>${former}${several}`
}

function serverTable ({ servers }: CallFacts, prefix: string, now: number): Html {
  return table({
    id: 'services',
    caption: 'Servers that this service calls',
    columns: ['Server', 'Expected', 'Last server', 'Last failure'],
    empty: 'This service declares no servers and called none since the start.',
    csv: csvLink(prefix, 'calls'),
    rows: servers.map((service) => [
      {
        content: html`${service.name ?? badge('plain', 'not declared')} <br><code>${service.origin}</code>`,
        isHeader: true,
        class: 'break'
      },
      { content: service.expects ?? html`<span class="faint">unknown</span>`, class: 'break' },
      { content: showServer(service, now), class: 'break' },
      { content: showRefusal(service, now), class: 'break' }
    ])
  })
}

function showServer ({ server, identifiedAt, connections }: ShownService, now: number): Html {
  if (server === undefined) return html`<span class="faint">none yet</span>`
  const seen = html`${showTime(identifiedAt, now)}, ${countOf(connections, 'connection')}`
  return html`${showPeer(server.text)} <br>${seen} <br>certificate expires ${showExpiry(server.notAfter, now)}`
}

function showRefusal ({ refused, lastRefusal }: ShownService, now: number): Html {
  if (lastRefusal === undefined) return html`<span class="faint">none</span>`
  return html`${lastRefusal.reason !== undefined &&
    badge('plain', lastRefusal.reason)} ${lastRefusal.message ?? lastRefusal.code} <br>${showTime(lastRefusal.time,
      now)}, ${refused} in total`
}
