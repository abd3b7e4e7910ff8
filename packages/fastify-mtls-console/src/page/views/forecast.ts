import type { ConsoleState } from '../../console-state.ts'
import { gatherForecast } from '../../forecast/forecast-facts.ts'
import type { AuthorityForecast, ForecastFacts, ForecastGroup } from '../../forecast/forecast-facts.ts'
import type { ForecastEntry } from '../../forecast/forecaster.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import type { Page } from '../layout.ts'
import { csvLink } from '../export-links.ts'
import { showPeer } from '../names.ts'
import { term } from '../terms.ts'
import { badge, certificateEndBadge, countOf, table } from '../parts.ts'
import type { Cell } from '../parts.ts'
import { formatTime, showDay, showTime } from '../time.ts'

/** The largest number of rows of a table. */
const MAX_ROWS = 100

const ABOUT = 'Public CAs stop issuing certificates with clientAuth. ' +
  'Old ones work until they expire or are renewed. ' +
  'A CA is public if its signatures lead to a root that Node includes, or by its name. ' +
  'A renewal is expected when a third of the lifetime is left.'

/** The page with certificates from public CAs, when each loses clientAuth, and what to do. */
export function forecastPage (state: ConsoleState): Page {
  const found = gatherForecast(state)
  const links = html`<p class="export"><a href="${csvLink(state.prefix, 'forecast')}" download>Table as CSV</a></p>`
  const content = found.affected === 0 ? nothing(found) : sections(found, state.prefix, state.now())
  const body = html`<div id="forecast" data-live="forecast">${content}</div>`
  return { title: 'Forecast', isLive: true, body: html`${body}${found.affected > 0 && links}` }
}

function nothing ({ lookedAt, time }: ForecastFacts): Html {
  const all = `of the ${lookedAt} known ${lookedAt === 1 ? 'certificate' : 'certificates'}, checked at`
  const none = 'none is known to come from a public CA, and no client is accepted only by serverAuthOnly'
  return html`<p class="empty">Nothing is affected: ${all} ${moment(time)}, ${none}.</p>`
}

function sections (found: ForecastFacts, prefix: string, now: number): Html {
  const { own, clients, servers, remarks } = found
  return html`${summary(found)}
<p class="faint">${ABOUT} About ${term('clientAuth')} and ${term('serverAuthOnly')}.</p>
<section aria-labelledby="forecast-own-title"><h2 id="forecast-own-title">Own certificate</h2>
${groupTable('forecast-own', 'The own certificate', own, prefix, now)}</section>
<section aria-labelledby="forecast-cas-title"><h2 id="forecast-cas-title">Trusted CAs</h2>
${authorityTables(found, prefix, now)}</section>
<section aria-labelledby="forecast-clients-title"><h2 id="forecast-clients-title">Clients</h2>
${groupTable('forecast-clients', 'Clients seen since the start', clients, prefix, now)}</section>
<section aria-labelledby="forecast-servers-title"><h2 id="forecast-servers-title">Servers</h2>
${groupTable('forecast-servers', 'Servers called since the start', servers, prefix, now)}</section>
${remarks.map((remark) => html`<p class="faint">${remark}</p>`)}`
}

function summary ({ needAction, affected, lookedAt, withinDays, time }: ForecastFacts): Html {
  const counts = `${affected} of ${countOf(lookedAt, 'certificate')} ${affected === 1 ? 'is' : 'are'} affected`
  const action = needAction === 0
    ? `no action is needed within ${withinDays} days`
    : `${needAction} ${needAction === 1 ? 'needs' : 'need'} action within ${withinDays} days`
  return html`<p class="notice ${needAction > 0 && 'bad'}">${counts}; ${action}. Checked at ${moment(time)}.</p>`
}

function moment (time: number): Html {
  return html`<time datetime="${new Date(time).toISOString()}">${formatTime(time)}</time>`
}

/**
 * The affected authorities, which are sorted first. The first one is always shown, so that the section is not empty.
 */
function authorityTables ({ hasNamedAuthorities, authorities }: ForecastFacts, prefix: string, now: number): Html[] {
  const shown = authorities.filter(({ entries }, index) => entries.length > 0 || index === 0)
  const more = Math.max(0, shown.length - MAX_ROWS)
  const others = authorities.length - shown.length
  return [
    ...shown.slice(0, MAX_ROWS).map((one) => authorityTable(one, hasNamedAuthorities, prefix, now)),
    note(more, `${more} more authorities are in data.json.`),
    note(others, `${others} other ${others === 1 ? 'authority is' : 'authorities are'} not affected.`)
  ]
}

function authorityTable (authority: AuthorityForecast, isNamed: boolean, prefix: string, now: number): Html {
  const { name } = authority
  const caption = isNamed ? `CAs of authority ${name}` : 'Trusted CAs'
  const body = groupTable(`forecast-cas-of-${name}`, caption, authority, prefix, now)
  const title = `forecast-authority-${name}`
  return isNamed
    ? html`<section class="authority" aria-labelledby="${title}"><h3 id="${title}">${name}</h3>
${body}</section>`
    : body
}

/** A row for each affected certificate, and a sentence with the number of others. */
function groupTable (id: string, caption: string, group: ForecastGroup, prefix: string, now: number): Html {
  const { entries, lookedAt } = group
  const more = Math.max(0, entries.length - MAX_ROWS)
  const others = entries.length === 0 ? 0 : lookedAt - entries.length
  const rows = table({
    id,
    caption: `${caption}: those affected, the soonest first`,
    columns: ['Certificate', 'clientAuth now', 'Loses it', 'Next renewal', 'What to do'],
    empty: lookedAt === 0 ? 'No certificate is known.' : `${lookedAt} checked, none is affected.`,
    rows: entries.slice(0, MAX_ROWS).map((entry) => rowOf(entry, prefix, now))
  })
  const notes = [
    note(more, `${more} more are in data.json.`),
    note(others, `${others} ${others === 1 ? 'other is' : 'others are'} not affected.`)
  ]
  return html`${rows}${notes}`
}

/** A sentence, if the count is not 0. */
function note (count: number, text: string): Html {
  return count === 0 ? html`` : html`<p class="faint">${text}</p>`
}

function rowOf (entry: ForecastEntry, prefix: string, now: number): readonly Cell[] {
  return [
    { content: showName(entry, prefix, now), isHeader: true, class: 'break' },
    { content: showClientAuth(entry, now), class: 'break' },
    { content: showLoss(entry, now) },
    { content: showRenewal(entry, now) },
    { content: entry.advice, class: 'break' }
  ]
}

const EVIDENCE: Readonly<Record<ForecastEntry['evidence'], string>> = {
  signature: 'by its signatures', issuer_name: 'by its issuer name only', none: 'its issuer is not known as public'
}
const WHEN = { renewal: 'about', end: 'at the latest', stop: 'from' } as const

/** The certificate and its origin. */
function showName (entry: ForecastEntry, prefix: string, now: number): Html {
  const { what, name, key, calledAt, lastSeen, origin, operator, evidence } = entry
  const who = key === undefined
    ? showPeer(name)
    : html`<a href="${prefix}/clients?client=${encodeURIComponent(key)}">${name}</a>`
  const where = calledAt !== undefined && html` <br><code>${calledAt}</code>`
  const from = origin === 'public' ? `from ${operator ?? 'unknown'}, a public CA` : 'from a private CA'
  const refused = what === 'refused client' && html` <br>${badge('bad', 'refused')} last ${showTime(lastSeen, now)}`
  return html`${who}${where} <br><span class="faint">${from} (${EVIDENCE[evidence]})</span>${refused}`
}

/** Whether it has clientAuth now, and when it expires. */
function showClientAuth (entry: ForecastEntry, now: number): Html {
  const { clientAuth, use } = entry
  const end = showEnd(entry, now)
  if (clientAuth === undefined) return html`${badge('plain', 'unknown')}${end}`
  if (clientAuth) return html`${badge('good', use === 'authority' ? 'allowed' : 'yes')}${end}`
  return html`${badge('bad', use === 'authority' ? 'not allowed' : 'no')}${showBlamed(entry)}${end}`
}

function showEnd ({ notAfter }: ForecastEntry, now: number): Html | undefined {
  if (notAfter === undefined) return undefined
  return html` <br><span class="faint">expires</span> ${showDay(notAfter, now)} ${certificateEndBadge(notAfter, now)}`
}

/** The CA above it that does not allow clientAuth. */
function showBlamed ({ lackedBy, text }: ForecastEntry): Html | undefined {
  return lackedBy === undefined || lackedBy === text ? undefined : html` <br>${showPeer(lackedBy)} does not allow it`
}

/** The date, its basis and its source. */
function showLoss (entry: ForecastEntry, now: number): Html {
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
  return html`${state !== 'not_affected' && html` <br>`}${mark}${by}: ${says} ${showDay(serverAuthOnlyUntil, now)}`
}

function showSource ({ operator, stop }: ForecastEntry): Html | undefined {
  if (stop === undefined) return undefined
  const { lastDay, source } = stop
  return html` <br><span class="faint">last day for clientAuth of ${operator}: ${lastDay} (${source})</span>`
}

/** The next renewal. */
function showRenewal ({ what, renewal, nextRenewal }: ForecastEntry, now: number): Html {
  if (what === 'trusted CA') return html`<span class="faint">see the certificates below it</span>`
  if (nextRenewal === undefined) return html`<span class="faint">clientAuth is possible</span>`
  const next = nextRenewal === 'server_auth_only' ? 'only serverAuth' : 'clientAuth is still possible'
  return html`${renewal !== undefined && html`about ${showDay(renewal, now)} <br>`}${next}`
}
