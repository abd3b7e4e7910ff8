import type { PeerIdentity } from '@peerkit/identity'
import type { TemporaryRule } from '@peerkit/rules'
import { mapAccess } from '../../access/route-map.ts'
import type { AccessMap, AccessRow } from '../../access/route-map.ts'
import type { ConsoleState } from '../../console-state.ts'
import type { Query } from '../../query.ts'
import { nameCertificate } from '../../trust/show-certificate.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import type { Page } from '../layout.ts'
import { csvLink } from '../export-links.ts'
import { breakable } from '../names.ts'
import { term } from '../terms.ts'
import {
  OUTCOMES, badge, choiceField, countOf, decisionCounts, endBadge, filterForm, table, textField
} from '../parts.ts'
import { WEEK } from '../time.ts'

/** Shortens a SPIFFE ID to its path, because the trust domain is the same for all. */
function shortenName (identity: PeerIdentity): string {
  return nameCertificate(identity).replace(/^spiffe:\/\/[^/]+\/(?=.)/, '')
}

/** The page with routes by clients. */
export function accessPage (state: ConsoleState, query: Query): Page {
  const { prefix } = state
  const map = mapAccess(state, query)
  const clients = state.collector.clients
    .list()
    .slice(0, 200)
    .map(({ key, identity }) => [key, nameCertificate(identity)] as const)
  return {
    title: 'Access',
    isLive: true,
    body: html`${filterForm(`${prefix}/access`, [
      textField('q', 'Method, path, scope or rule', query.q, 'DELETE /accounts'),
      choiceField('client', 'Client', query.client, 'Every client seen', clients)
    ])}
<p class="faint" id="count" data-live="count">${countOf(map.rows.length, 'route')}${map.moreRoutes > 0 &&
    ` and ${map.moreRoutes} more: narrow the filter`}${state.control.rulesVersion > 0 &&
      `, rules file generation ${state.control.rulesVersion}`}.${map.ownLeftOut > 0 &&
        html` The console's own ${map.ownLeftOut} routes <a
          href="${prefix}/access?q=${encodeURIComponent(prefix)}">are not listed</a>.`}</p>
<section aria-labelledby="who-title"><h2 id="who-title">Who may call</h2><p
class="faint">Any line is enough. In ${term('reported', 'report-only mode')} nobody is ${term('denied')}.</p>
${rulesTable(map.rows, state.now(), csvLink(prefix, 'access', query))}</section>
<section aria-labelledby="grid-title"><h2 id="grid-title">Routes by clients</h2>${grid(map)}</section>`
  }
}

function rulesTable (rows: readonly AccessRow[], now: number, csv: string): Html {
  return table({
    id: 'routes',
    caption: 'Routes and the rules in force',
    columns: ['Route', 'Who may call', 'Requests'],
    csv,
    empty: 'No route has all these words in its method, path, scope or rules.',
    rows: rows.map((row) => [
      { content: showRoute(row), isHeader: true, class: 'break' },
      { content: showRules(row, now), class: 'wide' },
      { content: decisionCounts(row.route.counts) }
    ])
  })
}

function showRoute ({ route: { methods, name, scope } }: AccessRow): Html {
  const path = name.slice(methods.join(', ').length + 1)
  return html`<span class="methods">${methods.join(', ')}</span> <code>${path}</code>${scope !== undefined &&
    html` <br><span class="faint">in scope ${scope}</span>`}`
}

function showRules ({ route: { access, requirements } }: AccessRow, now: number): Html {
  if (access === 'public') return html`${badge('warn', 'public')} also without a certificate`
  return html`${requirements.map(({ rules, mode, allows, temporary }, index) =>
    html`<div class="rules"><p class="faint">${index > 0 && 'and '}${rules} ${mode === 'report-only' &&
      badge('warn', 'report only')}${access === 'nobody' && badge('bad', 'closed')}</p>
<ul>${allows.split('\n').map((line) => html`<li>${line.replace(/^- /, '')}</li>`)}</ul>${showEnds(temporary, now)}</div>`)}`
}

/** The rules of a route that have ended, or end within a week. */
function showEnds (temporary: readonly TemporaryRule[], now: number): Html[] {
  return temporary.filter(({ until }) => until - now <= WEEK)
    .map(({ path, until }) => html`<p class="faint">${path} ${endBadge(until, now)}</p>`)
}

function rowHead ({ route: { methods, url } }: AccessRow): Html {
  return html`<th scope="row"><span class="methods">${methods.join(', ')}</span> ${url}</th>`
}

function grid ({ rows, clients, moreClients }: AccessMap): Html {
  if (clients.length === 0 || rows.length === 0) {
    const empty = rows.length === 0 ? 'No route matches.' : 'No client was seen since the start.'
    return html`<div id="grid" data-live="grid"><p class="empty">${empty}</p></div>`
  }
  const heads = clients.map(({ identity, isFormer }) => {
    const { fingerprint256 } = identity
    const short = fingerprint256 !== undefined && html` <br><code>${fingerprint256.slice(0, 8)}</code>`
    const former = isFormer && html` <br>${badge('bad', 'CA removed')}`
    const name = html`${breakable(shortenName(identity))}${short}${former}`
    return html`<th scope="col" title="${String(identity)}">${name}</th>`
  })
  const cells = (row: AccessRow): Html[] => row.clients.map(({ outcome }) => {
    const { sign, word, tone } = OUTCOMES[outcome]
    return html`<td class="${tone}"><span aria-hidden="true">${sign}</span><span class="unseen">${word}</span></td>`
  })
  return html`<div id="grid" data-live="grid"><div class="scroll" role="region" aria-label="Table of routes by clients"
    tabindex="0"><table class="grid"><caption>Decisions of the rules in force for recent clients${moreClients > 0 &&
      `; ${moreClients} more were seen, choose one above`}</caption>
<thead><tr><th scope="col">Route</th>${heads}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${rowHead(row)}${cells(row)}</tr>
`)}</tbody></table></div>
<p class="faint legend">${Object.values(OUTCOMES).map(({ sign, word, tone }) =>
  html`<span class="nowrap"><span class="sign ${tone}" aria-hidden="true">${sign}</span> ${word}</span> `)}</p></div>`
}
