import type { ForecastEntry } from '../../queries/forecast-entry.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import { badge, certificateEndBadge } from '../parts.ts'
import { showDay, showTime } from '../time.ts'

const EVIDENCE: Readonly<Record<ForecastEntry['evidence'], string>> = {
  signature: 'by its signatures', issuer_name: 'by its issuer name only', none: 'its issuer is not known as public'
}
const WHEN = { renewal: 'about', end: 'at the latest', stop: 'from' } as const

/** The certificate and its origin. */
export function showName (entry: ForecastEntry, prefix: string, now: number): Html {
  const { what, name, key, calledAt, lastSeen, origin, operator, evidence } = entry
  const who = key === undefined
    ? html`${name}`
    : html`<a href="${prefix}/clients?client=${encodeURIComponent(key)}">${name}</a>`
  const where = calledAt !== undefined && html`<br><code>${calledAt}</code>`
  const from = origin === 'public' ? `from ${operator ?? 'unknown'}, a public CA` : 'from a private CA'
  const refused = what === 'refused client' && html`<br>${badge('bad', 'refused')} last ${showTime(lastSeen, now)}`
  return html`${who}${where}<br><span class="faint">${from} (${EVIDENCE[evidence]})</span>${refused}`
}

/** Whether it has clientAuth now, and when it expires. */
export function showClientAuth (entry: ForecastEntry, now: number): Html {
  const { clientAuth, use } = entry
  const end = showEnd(entry, now)
  if (clientAuth === undefined) return html`${badge('plain', 'unknown')}${end}`
  if (clientAuth) return html`${badge('good', use === 'authority' ? 'allowed' : 'yes')}${end}`
  return html`${badge('bad', use === 'authority' ? 'not allowed' : 'no')}${showBlamed(entry)}${end}`
}

function showEnd ({ notAfter }: ForecastEntry, now: number): Html | undefined {
  if (notAfter === undefined) return undefined
  return html`<br><span class="faint">expires</span> ${showDay(notAfter, now)} ${certificateEndBadge(notAfter, now)}`
}

/** The CA above it that does not allow clientAuth. */
function showBlamed ({ lackedBy, text }: ForecastEntry): Html | undefined {
  return lackedBy === undefined || lackedBy === text ? undefined : html`<br>${lackedBy} does not allow it`
}

/** The date, its basis and its source. */
export function showLoss (entry: ForecastEntry, now: number): Html {
  return html`${showDate(entry, now)}${showMark(entry, now)}${showSource(entry)}`
}

function showDate ({ state, loses, notAfter, needsAction }: ForecastEntry, now: number): Html | undefined {
  if (state === 'not_affected') return undefined
  if (state === 'lacks') return html`already`
  if (loses === undefined) return notAfter === undefined ? html`expired` : html`expired ${showDay(notAfter, now)}`
  const { at, basis } = loses
  if (at <= now) return html`with the next renewal, since ${showDay(at, now)} ${needsAction && badge('warn', 'due')}`
  return html`${WHEN[basis]} ${showDay(at, now)} ${needsAction && badge('warn', 'soon')}`
}

/** Marks certificates that only `serverAuthOnly` accepts. For a CA: until when its clients may be accepted so. */
function showMark ({ state, use, serverAuthOnlyUntil, authority }: ForecastEntry, now: number): Html | undefined {
  if (serverAuthOnlyUntil === undefined) return undefined
  const isOver = serverAuthOnlyUntil <= now
  const who = use === 'authority' ? 'clients without clientAuth are accepted' : 'accepted only by this'
  const mark = badge(isOver ? 'bad' : 'warn', 'serverAuthOnly')
  const by = authority !== undefined && ` of authority ${authority}`
  const says = isOver ? 'no longer accepted since' : `${who} until`
  return html`${state !== 'not_affected' && html`<br>`}${mark}${by}: ${says} ${showDay(serverAuthOnlyUntil, now)}`
}

function showSource ({ operator, stop }: ForecastEntry): Html | undefined {
  if (stop === undefined) return undefined
  const { lastDay, source } = stop
  return html`<br><span class="faint">last day for clientAuth of ${operator}: ${lastDay} (${source})</span>`
}

/** The next renewal. */
export function showRenewal ({ what, renewal, nextRenewal }: ForecastEntry, now: number): Html {
  if (what === 'trusted CA') return html`<span class="faint">see the certificates below it</span>`
  if (nextRenewal === undefined) return html`<span class="faint">clientAuth is possible</span>`
  const next = nextRenewal === 'server_auth_only' ? 'only serverAuth' : 'clientAuth is still possible'
  return html`${renewal !== undefined && html`about ${showDay(renewal, now)}<br>`}${next}`
}
