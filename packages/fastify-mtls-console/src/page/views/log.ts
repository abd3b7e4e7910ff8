import { EVENT_KINDS } from '../../collect/console-event.ts'
import type { ConsoleState } from '../../queries/console-state.ts'
import { matchesEvent } from '../../queries/query.ts'
import type { Query } from '../../queries/query.ts'
import { html } from '../html.ts'
import type { Page } from '../layout.ts'
import { KIND_NAMES } from '../words.ts'
import { eventTable } from './event-table.ts'
import { choiceField, filterForm, minuteField, textField } from './filter.ts'

const MAX_EVENTS = 300

/** The page of the log, with filters. */
export function logPage ({ collector }: ConsoleState, query: Query, prefix: string): Page {
  const found = collector.log.list().filter((event) => matchesEvent(event, query))
  const shown = found.slice(0, MAX_EVENTS)
  const { dropped } = collector.log
  const entries = found.length === 1 ? 'entry' : 'entries'
  return {
    title: 'Log',
    path: '/log',
    isLive: true,
    body: html`${filterForm(`${prefix}/log`, [
      textField('q', 'Client, address, route, reason', query.q, 'billing no_match'),
      choiceField('kind', 'Kind', query.kind, 'Everything', EVENT_KINDS.map((kind) => [kind, KIND_NAMES[kind]])),
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

function unread ({ from, to, fromText, toText }: Query): ReturnType<typeof html> | undefined {
  const wrong = [
    from === undefined && fromText !== '' && fromText,
    to === undefined && toText !== '' && toText
  ].filter((text) => text !== false)
  return wrong.length === 0
    ? undefined
    : html`<p class="notice bad">${wrong.join(' and ')}: expected a time such as 2026-11-23T03:12.</p>`
}
