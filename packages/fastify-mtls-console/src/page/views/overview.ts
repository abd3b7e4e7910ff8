import { endOfValidity } from '@peerkit/identity'
import { findRoutes } from '../../access/route-map.ts'
import type { ConsoleState } from '../../console-state.ts'
import type { Turn } from '../../trust/rotation-history.ts'
import { gatherSource } from '../../trust/source-facts.ts'
import { listEnds } from '../../trust/trust-facts.ts'
import type { End } from '../../trust/trust-facts.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import type { Page } from '../layout.ts'
import { breakable, showDistinguishedName } from '../names.ts'
import { badge, endBadge, table } from '../parts.ts'
import { formatSpan, showTime, toneOfEnd, WEEK } from '../time.ts'
import { eventTable } from './log.ts'

const MAX_EVENTS = 6

/** The first page. */
export function overviewPage (state: ConsoleState): Page {
  const { prefix } = state
  const now = state.now()
  const events = state.collector.log.list().filter(({ kind }) => kind !== 'handshake').slice(0, MAX_EVENTS)
  const ends = listEnds(state).filter(({ end }) => end - now <= WEEK)
  return {
    title: 'Overview',
    isLive: true,
    body: html`<div class="tiles" id="tiles" data-live="tiles">${tiles(state, now)}</div>
<section aria-labelledby="ends-title"><h2 id="ends-title">Expires within a week</h2>
${endsTable(ends, now)}<p><a href="${prefix}/expiry">All dates</a></p></section>
<section aria-labelledby="lately-title"><h2 id="lately-title">Recent events</h2>
${eventTable(events, prefix, {
  id: 'lately', caption: 'The latest events, without refused handshakes', empty: 'No events since the start.'
})}
<p><a href="${prefix}/log">Whole log</a></p></section>
<section aria-labelledby="questions-title"><h2 id="questions-title">Questions</h2>
<ul class="questions">
<li><a href="${prefix}/log">Why was this client refused?</a> Filter the log by client and minute.</li>
<li><a href="${prefix}/access">Who can call this route?</a> Filter the map by method and path.</li>
<li><a href="${prefix}/what-if">What if this certificate called?</a> Paste it to see the answer of every route.</li>
<li><a href="${prefix}/timeline">Did the rotation reach this instance?</a> See what changed, and when.</li>
<li><a href="${prefix}/calls">Who calls whom?</a> See the graph.</li>
<li><a href="${prefix}/forecast">Which certificates lose clientAuth?</a> See what to do, and when.</li>
<li><a href="${prefix}/trust#anchors">Does any client still use the old CA?</a> See the clients of each CA.</li>
</ul></section>`
  }
}

function tiles (state: ConsoleState, now: number): Html[] {
  const { credentials: { current }, rotations, collector } = state
  const turn = rotations.list().find(({ type }) => type !== 'refused')
  const clients = collector.clients.list()
  const { routes } = findRoutes(state, '')
  const closed = routes.filter(({ access }) => access === 'nobody').length
  const handshakes = Object.values(collector.handshakes).reduce((sum, count) => sum + count, 0)
  const sum = (name: 'denied' | 'wouldDeny' | 'allowed'): number => routes.reduce((total, { counts }) => total +
    counts[name], 0)
  const end = endOfValidity(current)
  const left = end - now
  return [
    tile(
      'Own certificate',
      left > 0 ? `${formatSpan(left)} left` : 'expired',
      html`expires ${showTime(current.notAfter, now)}`,
      toneOfEnd(end, now)
    ),
    tile(
      'Credentials',
      `Generation ${current.generation}`,
      describeCredentials(state, turn, now),
      rotations.isRefused || isFailing(state) ? 'bad' : 'good'
    ),
    tile('Clients seen', String(clients.length), html`${sum('allowed')} requests allowed`, 'good'),
    tile(
      'Denied requests',
      String(sum('denied')),
      html`${sum('wouldDeny')} would be denied (report mode)`,
      sum('denied') > 0 ? 'warn' : 'good'
    ),
    tile('Handshakes refused', String(handshakes), html`${describeReasons(collector.handshakes)}`, 'good'),
    tile(
      'Routes',
      String(routes.length),
      closed === 0 ? html`all have rules` : html`${closed} closed, without a rule`,
      closed > 0 ? 'warn' : 'good'
    )
  ]
}

function describeCredentials (state: ConsoleState, turn: Turn | undefined, now: number): Html {
  if (isFailing(state)) return html`${badge('bad', 'source fails')} since ${showTime(gatherSource(state)?.since, now)}`
  return state.rotations.isRefused ? badge('bad', 'new credentials refused') : describeTurn(turn, now)
}

/** Files and memory cannot fail: what they have was refused. */
function isFailing (state: ConsoleState): boolean {
  const source = gatherSource(state)
  return source?.state === 'failing' && source.kind !== 'files' && source.kind !== 'memory'
}

function describeTurn (turn: Turn | undefined, now: number): Html {
  if (turn?.type === 'refused') return badge('bad', 'last rotation refused')
  if (turn?.type === 'start') return html`in force since the start or earlier`
  return html`in force since ${showTime(turn?.time, now)}`
}

function tile (name: string, value: string, note: Html, tone: string): Html {
  return html`<div class="tile ${tone}"><h2>${name}</h2><p class="value">${value}</p><p class="note">${note}</p></div>`
}

function describeReasons (counts: Readonly<Record<string, number>>): string {
  const top = Object.entries(counts).sort(([, a], [, b]) => b - a).slice(0, 3)
  return top.length === 0 ? 'none since the start' : top.map(([reason, count]) => `${reason} ${count}`).join(', ')
}

/** A CRL has the name of its issuer. */
export function showEndName (what: string, name: string): Html {
  return what === 'CRL' && name.startsWith('CRL of ')
    ? html`CRL of ${showDistinguishedName(name.slice('CRL of '.length))}`
    : html`${breakable(name)}`
}

/** A table of expiry dates. */
export function endsTable (ends: readonly End[], now: number): Html {
  return table({
    id: 'ends',
    caption: 'Expiry dates, the soonest first',
    columns: ['What', 'Name', 'Expires'],
    empty: 'Nothing expires within a week.',
    sorted: { column: 'Expires', order: 'ascending' },
    rows: ends.slice(0, 100).map(({ what, name, notAfter, end }) => [
      { content: what },
      { content: showEndName(what, name), isHeader: true, class: 'break' },
      { content: html`${showTime(notAfter, now)} ${endBadge(end, now)}` }
    ])
  })
}
