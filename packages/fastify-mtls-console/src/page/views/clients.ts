import type { SeenClient } from '../../collect/client-book.ts'
import type { ConsoleState } from '../../console-state.ts'
import { hasWords, isAbout } from '../../query.ts'
import type { Query } from '../../query.ts'
import { findAnchor, findAuthority, findFormerAnchor, hasNamedAuthorities } from '../../trust/authorities.ts'
import { nameCertificate, showCertificate } from '../../trust/show-certificate.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import type { Page } from '../layout.ts'
import { csvLink } from '../export-links.ts'
import { breakable, showDistinguishedName } from '../names.ts'
import {
  badge, certificateFacts, countOf, decisionCounts, filterForm, showExpiry, table, textField
} from '../parts.ts'
import { showMoment, showTime } from '../time.ts'
import { eventTable } from './log.ts'

/** The recent clients that match a filter, the latest first. */
export function findClients (state: ConsoleState, { q, client }: Query): readonly SeenClient[] {
  return state.collector.clients.list().filter((one) => {
    return (client === undefined || one.key === client) && matchesClient(one, q)
  })
}

/** The page of recent clients, or of one client. */
export function clientsPage (state: ConsoleState, query: Query): Page {
  const { prefix } = state
  const all = state.collector.clients.list()
  const one = query.client === undefined ? undefined : all.find(({ key }) => key === query.client)
  if (one !== undefined) return onePage(state, one)
  const found = all.filter((client) => matchesClient(client, query.q))
  const { dropped } = state.collector.clients
  const filter = textField('q', 'Name, issuer, authority, fingerprint, address', query.q, 'CN=Old CA')
  return {
    title: 'Clients',
    isLive: true,
    body: html`${query.client !== undefined &&
      html`<p class="notice">This client was not seen since the start.</p>`}${filterForm(`${prefix}/clients`, filter)}
<p class="faint" id="count" data-live="count">${countOf(found.length, 'certificate')} seen${dropped > 0 &&
  `; ${dropped} older ones were dropped`}.</p>
${clientTable(state, found, csvLink(prefix, 'clients', query))}`
  }
}

function clientTable (state: ConsoleState, clients: readonly SeenClient[], csv?: string): Html {
  const { prefix } = state
  const now = state.now()
  return table({
    id: 'clients',
    caption: 'Verified clients, the latest first',
    columns: ['Client', 'Seen', 'CA', 'Expires', 'Requests', 'Last denial'],
    empty: 'No client matches.',
    sorted: { column: 'Seen', order: 'descending' },
    ...(csv !== undefined && { csv }),
    rows: clients.map((client) => [
      { content: showName(client, prefix), isHeader: true, class: 'break' },
      {
        content: html`${showTime(client.lastSeen, now)} <span class="faint">${client.addresses.join(', ')}</span>`,
        class: 'brief'
      },
      { content: showTrust(state, client), class: 'break' },
      { content: showExpiry(client.identity.notAfter, now) },
      { content: decisionCounts(client) },
      { content: showDenial(client, now), class: 'break brief' }
    ])
  })
}

function onePage (state: ConsoleState, client: SeenClient): Page {
  const { prefix, collector, now } = state
  const events = collector.log.list().filter((event) => isAbout(event, client.key))
  return {
    title: nameCertificate(client.identity),
    isLive: true,
    body: html`<p><a href="${prefix}/clients">All clients</a> · <a
      href="${prefix}/access?client=${client.key}">What it may call</a></p>
<section aria-labelledby="certificate-title"><h2 id="certificate-title">Certificate</h2><div
  class="panel">${certificateFacts(showCertificate(client.identity), now())}</div></section>
<section aria-labelledby="seen-title"><h2 id="seen-title">Seen</h2>${clientTable(state, [client])}</section>
<section aria-labelledby="events-title"><h2 id="events-title">Log</h2>${eventTable(events.slice(0, 100), prefix, {
  id: 'events', caption: 'Events of this client, the latest first', empty: 'No refusals since the start.'
})}</section>`
  }
}

function matchesClient ({ identity, addresses, lastDenial }: SeenClient, q: string): boolean {
  const { text, subject, issuer, names, fingerprint256, serialNumber, authority, claimed } = showCertificate(identity)
  const certificate = [text, subject, issuer, ...names, authority, ...claimed, fingerprint256, serialNumber]
  return hasWords(q, [...certificate, ...addresses, lastDenial?.what, lastDenial?.reason])
}

function showName ({ key, identity }: SeenClient, prefix: string): Html {
  const subject = identity.subject?.toString()
  const name = nameCertificate(identity)
  const claim = showCertificate(identity).claimed[0]
  const link = html`<a href="${prefix}/clients?client=${encodeURIComponent(key)}">${breakable(name)}</a>`
  const isClaim = subject === undefined && claim !== undefined
  if (isClaim) return html`${link} <br><span class="faint">claims ${showClaim(claim)}, not believed</span>`
  const isMore = subject !== undefined && subject !== name && subject !== `CN=${name}`
  return html`${link}${isMore && html` <br><span class="faint">${showDistinguishedName(subject)}</span>`}`
}

/** `subject CN=web`, `DNS a.internal`. */
function showClaim (claim: string): Html {
  const [, kind, name] = /^(subject) (.+)$/s.exec(claim) ?? []
  return kind === undefined || name === undefined ? html`${claim}` : html`${kind} ${showDistinguishedName(name)}`
}

/** The CA, and the authority if authorities are shown. */
function showTrust (state: ConsoleState, client: SeenClient): Html {
  const { current } = state.credentials
  const authority = hasNamedAuthorities(current) ? findAuthority(client.identity, current) : undefined
  const below = authority !== undefined && html` <br><span class="faint">authority ${authority.name}</span>`
  return html`${showAnchor(state, client)}${below}`
}

function showAnchor (state: ConsoleState, { identity }: SeenClient): Html {
  const { current } = state.credentials
  const anchor = findAnchor(identity, current)
  if (anchor !== undefined) return html`${nameCertificate(anchor)}`
  const formers = state.rotations.formerAnchors()
  const top = findFormerAnchor(identity, current, formers)
  const former = formers.find((one) => one.identity === top)
  return former === undefined
    ? html`${showDistinguishedName(identity.issuer?.toString() ?? 'unknown')} ${badge('plain', 'CA not known')}`
    : html`${nameCertificate(former.identity)} ${badge('bad', 'no longer trusted')} <span class="faint">removed at
${showMoment(former.removedAt)}</span>`
}

function showDenial ({ lastDenial }: SeenClient, now: number): Html {
  return lastDenial === undefined
    ? html`<span class="faint">none</span>`
    : html`${lastDenial.what} ${lastDenial.reason !== undefined &&
      badge('plain', lastDenial.reason)} ${showTime(lastDenial.time, now)}`
}
