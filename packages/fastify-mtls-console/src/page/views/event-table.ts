import type { ConsoleEvent } from '../../collect/console-event.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import { badge, lines, table } from '../parts.ts'
import { formatTime } from '../time.ts'

const SIGNS: Readonly<Record<ConsoleEvent['tone'], string>> = { good: '✓', info: 'i', warn: '!', bad: '✕' }

/** A table of events. */
export function eventTable (
  events: readonly ConsoleEvent[],
  id: string,
  caption: string,
  empty: string,
  prefix: string
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
