import { EVENT_KINDS } from '../../collect/event-log.ts'
import type { ConsoleEvent } from '../../collect/event-log.ts'
import type { ConsoleState } from '../../console-state.ts'
import { matchesEvent } from '../../query.ts'
import type { Query } from '../../query.ts'
import { html } from '../html.ts'
import type { Html, HtmlValue } from '../html.ts'
import type { Page } from '../layout.ts'
import type { Table } from '../parts.ts'
import { csvLink } from '../export-links.ts'
import { showDistinguishedName, showPeer, showSentence } from '../names.ts'
import { badge, choiceField, filterForm, hexadecimal, lines, minuteField, table, textField } from '../parts.ts'
import { term } from '../terms.ts'
import { formatTime, showMoment } from '../time.ts'

const MAX_EVENTS = 300
const KINDS = Object.entries(EVENT_KINDS).map(([kind, { name }]) => [kind, name] as const)

/** The page of the log, with filters. */
export function logPage ({ collector, prefix }: ConsoleState, query: Query): Page {
  const found = collector.log.list().filter((event) => matchesEvent(event, query))
  const shown = found.slice(0, MAX_EVENTS)
  const { dropped } = collector.log
  const entries = found.length === 1 ? 'entry' : 'entries'
  return {
    title: 'Log',
    isLive: true,
    body: html`${filterForm(`${prefix}/log`, [
      textField('q', 'Client, address, route, reason', query.q, 'billing no_match'),
      choiceField('kind', 'Kind', query.kind, 'Everything', KINDS),
      minuteField('from', 'From (UTC)', query.fromText),
      minuteField('to', 'Until (UTC)', query.toText)
    ])}
${unread(query)}
<p class="faint" id="count" data-live="count">${found.length} ${entries}${found.length > shown.length &&
  `, the latest ${shown.length} are shown`}${dropped > 0 &&
    `; ${dropped} older ones were dropped`}. Equal events of a minute are one entry.
Requests are ${term('denied')}, handshakes are ${term('refused', 'refused')}.</p>
${eventTable(shown, prefix, {
  id: 'events', caption: 'Events, the latest first', empty: 'No event matches.', csv: csvLink(prefix, 'log', query)
})}`
  }
}

function unread ({ from, to, fromText, toText }: Query): Html | undefined {
  const wrong = [
    from === undefined && fromText !== '' && fromText,
    to === undefined && toText !== '' && toText
  ].filter((text) => text !== false)
  return wrong.length === 0
    ? undefined
    : html`<p class="notice bad">${wrong.join(' and ')}: expected a time such as 2026-11-23T03:12.</p>`
}

const SIGNS: Readonly<Record<ConsoleEvent['tone'], string>> = { good: '✓', info: 'i', warn: '!', bad: '✕' }

/** A table of events. */
export function eventTable (
  events: readonly ConsoleEvent[], prefix: string, texts: Pick<Table, 'id' | 'caption' | 'empty' | 'csv'>
): Html {
  return table({
    ...texts,
    columns: ['Time', 'What', 'Who', 'Why'],
    sorted: { column: 'Time', order: 'descending' },
    rows: events.map((event) => [
      { content: showWhen(event), class: 'when' },
      { content: showWhat(event), isHeader: true, class: 'break' },
      { content: showWho(event, prefix), class: 'break' },
      { content: showWhy(event), class: 'break wide' }
    ])
  })
}

/** The last time first, because the rows are sorted by it. */
function showWhen ({ first, last, count }: ConsoleEvent): Html {
  if (count === 1) return showMoment(last)
  const isSpan = formatTime(first) !== formatTime(last)
  const since = isSpan && html`<span class="since"> since ${showMoment(first)}</span>`
  return html`${showMoment(last)} <span class="faint">${count} times${since}</span>`
}

function showWhat ({ tone, title }: ConsoleEvent): Html {
  return html`<span class="sign ${tone}" aria-hidden="true">${SIGNS[tone]}</span> ${title}`
}

/** Reasons that say that there was no certificate, which is all that is known of the client. */
const WITHOUT_CERTIFICATE: ReadonlySet<string | undefined> = new Set(['no_certificate', 'no_identity'])

function showWho ({ kind, peer, fingerprint256, remoteAddress, reason }: ConsoleEvent, prefix: string): Html {
  const claim = kind === 'handshake' && peer !== undefined && html` <span class="nowrap">(${term('unverified')})</span>`
  // A refused client has no page.
  const who = peer !== undefined && (kind === 'handshake' || fingerprint256 === undefined
    ? showPeer(peer)
    : html`<a href="${prefix}/clients?client=${fingerprint256}">${showPeer(peer)}</a>`)
  if (remoteAddress === undefined) return html`${who}${claim}`
  const nobody = peer === undefined && (WITHOUT_CERTIFICATE.has(reason) ? 'no certificate,' : 'not known,')
  return html`${who}${claim}${nobody} <span class="faint nowrap">from ${remoteAddress}</span>`
}

/** In a phone's width the hint is cut until the details are open. */
function showWhy (event: ConsoleEvent): Html {
  const { id, reason, hint, removedCa } = event
  const more = listDetails(event)
  const text = removedCa === undefined && hint !== undefined ? showSentence(hint, namesOf(event)) : undefined
  const hintClass = more.length > 0 ? 'hint' : 'whole'
  const label = reason !== undefined && badge('plain', reason)
  return html`<p class="${hintClass}">${label} ${showRemoval(removedCa)}${text}</p>${more.length > 0 &&
    html`<details id="event-${id}"><summary>Details</summary>${lines(more)}</details>`}`
}

/** Why a certificate that was good before is refused now. */
function showRemoval (removed: ConsoleEvent['removedCa']): Html | undefined {
  if (removed === undefined) return undefined
  const { name, authority, removedAt } = removed
  const of = authority === undefined || authority === 'default' ? '' : `, of authority ${authority}`
  return html`Its CA, <strong>${name}</strong>${of}, was removed at ${showMoment(removedAt)}. Give the client a
certificate of a trusted CA, or add the CA again.`
}

function listDetails (event: ConsoleEvent): readonly HtmlValue[] {
  const { detail, requestId, issuer, chain = [], fingerprint256, hint, removedCa } = event
  const names = namesOf(event)
  return [
    removedCa !== undefined && hint !== undefined && showSentence(hint, names),
    ...detail.map((line) => showSentence(line, names)),
    issuer !== undefined && issuer !== '' && html`issuer: ${showDistinguishedName(issuer)}`,
    chain.length > 0 && html`chain: ${chain.map((name, index) => {
      return html`${index > 0 && ' ← '}${showDistinguishedName(name)}`
    })}`,
    fingerprint256 !== undefined && !detail.some((line) => line.includes(fingerprint256)) &&
      html`SHA-256: ${hexadecimal(fingerprint256)}`,
    requestId !== undefined && `request id: ${requestId}`
  ].filter((line) => line !== false)
}

/** The distinguished names that may occur in the sentences of an event. */
function namesOf ({ peer, issuer, chain = [], detail }: ConsoleEvent): readonly string[] {
  const others = detail.map((line) => /^(?:certificate|claims to be, not believed): (.+)$/s.exec(line)?.[1])
  const own = peer?.replace(/ \(sha256:[0-9a-f]{16}\).*$/s, '')
  return [own, issuer, ...chain, ...others].filter((name) => name !== undefined)
}
