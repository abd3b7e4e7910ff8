import type { ConsoleState } from '../../queries/console-state.ts'
import type { ForecastEntry } from '../../queries/forecast-entry.ts'
import { gatherForecast } from '../../queries/forecast-facts.ts'
import type { AuthorityForecast, ForecastFacts, ForecastGroup } from '../../queries/forecast-facts.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import type { Page } from '../layout.ts'
import { table } from '../parts.ts'
import { formatTime } from '../time.ts'
import { showClientAuth, showLoss, showName, showRenewal } from './forecast-cells.ts'

/** The largest number of rows of a table. */
const MAX_ROWS = 100

const ABOUT = 'Public CAs stop issuing certificates with clientAuth. ' +
  'Old ones work until they expire or are renewed. ' +
  'A CA is public if its signatures lead to a root that Node includes, or by its name. ' +
  'A renewal is expected when a third of the lifetime is left.'

/** The page with certificates from public CAs, when each loses clientAuth, and what to do. */
export function forecastPage (state: ConsoleState, prefix: string, now: number): Page {
  const found = gatherForecast(state)
  const content = found.affected === 0 ? nothing(found) : sections(found, prefix, now)
  const body = html`<div id="forecast" data-live="forecast">${content}</div>`
  return { title: 'Forecast', path: '/forecast', isLive: true, body }
}

function nothing ({ lookedAt, time }: ForecastFacts): Html {
  const all = `of the ${lookedAt} known ${countable(lookedAt, 'certificate')}, checked at`
  const none = 'none is known to come from a public CA, and no client is accepted only by serverAuthOnly'
  return html`<p class="empty">Nothing is affected: ${all} ${moment(time)}, ${none}.</p>`
}

function sections (found: ForecastFacts, prefix: string, now: number): Html {
  const { own, clients, servers, remarks } = found
  return html`${summary(found)}
<p class="faint">${ABOUT}</p>
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
  const all = `${lookedAt} ${countable(lookedAt, 'certificate')}`
  const counts = `${affected} of ${all} ${affected === 1 ? 'is' : 'are'} affected`
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

function rowOf (entry: ForecastEntry, prefix: string, now: number): Parameters<typeof table>[0]['rows'][number] {
  return [
    { content: showName(entry, prefix, now), isHeader: true, class: 'break' },
    { content: showClientAuth(entry, now), class: 'break' },
    { content: showLoss(entry, now) },
    { content: showRenewal(entry, now) },
    { content: entry.advice, class: 'break' }
  ]
}

function countable (count: number, one: string): string {
  return count === 1 ? one : `${one}s`
}
