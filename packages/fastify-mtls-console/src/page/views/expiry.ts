import type { ConsoleState } from '../../console-state.ts'
import { dateOf, listDues, makeCalendar } from '../../trust/calendar.ts'
import type { CalendarDay, CalendarMonth, Due } from '../../trust/calendar.ts'
import { csvLink } from '../export-links.ts'
import { html } from '../html.ts'
import type { Html, HtmlValue } from '../html.ts'
import type { Page } from '../layout.ts'
import { badge, countOf, endBadge, table } from '../parts.ts'
import { showTime, toneOfEnd } from '../time.ts'
import { showEndName } from './overview.ts'

/** Months of the calendar, and how far they may be away. */
const MAX_MONTHS = 4
const WITHIN_MONTHS = 12
const MAX_ROWS = 200

const MONTHS = [
  'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November',
  'December'
]
const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

/** The calendar of what expires. */
export function expiryPage (state: ConsoleState): Page {
  const { prefix, now: clock } = state
  const now = clock()
  const dues = listDues(state)
  const months = makeCalendar(dues, now, MAX_MONTHS, WITHIN_MONTHS)
  const more = dues.length - MAX_ROWS
  return {
    title: 'Expiry',
    isLive: true,
    body: html`<p class="faint">Months of the next year in which something expires. Days are those of UTC.</p>
<div id="calendar" data-live="calendar" class="months">${months.map((month) => showMonth(month, now))}</div>
<section aria-labelledby="ends-title"><h2 id="ends-title">Expiry dates</h2>
${duesTable(dues.slice(0, MAX_ROWS), prefix, now)}${more > 0 &&
  html`<p class="faint">${more} more are in the CSV file.</p>`}</section>`
  }
}

function showMonth ({ month, weeks }: CalendarMonth, now: number): Html {
  const [year = '', number = ''] = month.split('-')
  return html`<table class="month"><caption>${MONTHS[Number(number) - 1]} ${year}</caption>
<thead><tr>${DAYS.map((name) => html`<th
scope="col"><abbr title="${name}">${name.slice(0, 2)}</abbr></th>`)}</tr></thead>
<tbody>${weeks.map((week) => html`<tr>${week.map((day) => showDay(day, number, now))}</tr>
`)}</tbody></table>`
}

function showDay (day: CalendarDay | undefined, month: string, now: number): Html {
  if (day === undefined) return html`<td></td>`
  const { date, day: number, dues } = day
  const today = date === dateOf(now) ? 'today' : ''
  const [first] = dues
  if (first === undefined) return html`<td class="${today}">${number}</td>`
  const tone = toneOfEnd(first.end, now)
  const says = ` ${MONTHS[Number(month) - 1]}: ${countOf(dues.length, 'date')}`
  const several = dues.length > 1 && html`<span class="dot" aria-hidden="true">${dues.length}</span>`
  return html`<td class="${tone} ${today}"><a href="#day-${date}">${number}${several}<span
    class="unseen">${says}</span></a></td>`
}

const WORDS: Readonly<Partial<Record<Due['what'], string>>> = {
  renewal: 'is due', serverAuthOnly: 'no longer accepts clients with only serverAuth'
}

function duesTable (dues: readonly Due[], prefix: string, now: number): Html {
  const seen = new Set<string | undefined>()
  return table({
    id: 'ends',
    caption: 'Expiry dates, the soonest first',
    columns: ['What', 'Name', 'Expires'],
    empty: 'Nothing is known to expire.',
    sorted: { column: 'Expires', order: 'ascending' },
    csv: csvLink(prefix, 'expiry'),
    rows: dues.map(({ what, name, notAfter, end }) => {
      const date = dateOf(notAfter)
      const anchor = date !== undefined && !seen.has(date) && html`<span id="day-${date}"></span>`
      seen.add(date)
      return [
        { content: html`${anchor}${WORDS[what] === undefined ? what : badge('info', what)}` },
        { content: html`${showEndName(what, name)} ${WORDS[what]}`, isHeader: true, class: 'break' },
        { content: html`${showTime(notAfter, now)} ${dueBadge(what, end, now)}` }
      ]
    })
  })
}

function dueBadge (what: Due['what'], end: number, now: number): HtmlValue {
  return what === 'renewal' ? end < now && badge('warn', 'overdue') : endBadge(end, now)
}
