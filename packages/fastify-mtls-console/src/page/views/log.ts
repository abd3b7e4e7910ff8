import { EVENT_KINDS } from '../../collect/event-log.ts'
import type { ConsoleEvent } from '../../collect/event-log.ts'
import type { ConsoleState } from '../../console-state.ts'
import { matchesEvent } from '../../query.ts'
import type { Query } from '../../query.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import type { Page } from '../layout.ts'
import { badge, choiceField, filterForm, lines, minuteField, table, textField } from '../parts.ts'
import { formatTime } from '../time.ts'

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
    `; ${dropped} older ones were dropped`}. Equal events of a minute are one entry.</p>
${eventTable(shown, 'events', 'Events, the latest first', 'No event matches.', prefix)}`
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
  events: readonly ConsoleEvent[], id: string, caption: string, empty: string, prefix: string
): Html {
  return table({
    id,
    caption,
    empty,
    columns: ['Time', 'What', 'Who', 'Why'],
    rows: events.map((event) => [
      { content: showWhen(event), class: 'when' },
      { content: showWhat(event), isHeader: true, class: 'break' },
      { content: showWho(event, prefix), class: 'break' },
      { content: showWhy(event), class: 'break wide' }
    ])
  })
}

function showWhen ({ first, last, count }: ConsoleEvent): Html {
  const times = html`<time datetime="${new Date(first).toISOString()}">${formatTime(first)}</time>`
  return count === 1
    ? times
    : html`${times} <span class="faint">to ${formatTime(last).slice(11)}, ${count} times</span>`
}

function showWhat ({ tone, title }: ConsoleEvent): Html {
  return html`<span class="sign ${tone}" aria-hidden="true">${SIGNS[tone]}</span> ${title}`
}

function showWho ({ kind, peer, fingerprint256, remoteAddress }: ConsoleEvent, prefix: string): Html {
  const claim = kind === 'handshake' && peer !== undefined && html` <span class="faint">(unverified)</span>`
  // A refused client has no page.
  const who = peer !== undefined && (kind === 'handshake' || fingerprint256 === undefined
    ? html`${peer}`
    : html`<a href="${prefix}/clients?client=${fingerprint256}">${peer}</a>`)
  return html`${who}${claim}${remoteAddress !== undefined &&
    html` <span class="faint nowrap">from ${remoteAddress}</span>`}`
}

function showWhy ({ id, reason, hint, detail, requestId }: ConsoleEvent): Html {
  const more = [...detail, ...(requestId === undefined ? [] : [`request id: ${requestId}`])]
  return html`${reason !== undefined && badge('plain', reason)} ${hint}${more.length > 0 &&
    html`<details id="event-${id}"><summary>Details</summary>${lines(more)}</details>`}`
}
