import type { ConsoleState } from '../console-state.ts'
import { gatherSource } from './source-facts.ts'
import { listEnds } from './trust-facts.ts'
import type { End } from './trust-facts.ts'

/** Something that ends or is due at a moment. */
export interface Due extends Omit<End, 'what'> {
  readonly what: End['what'] | 'renewal' | 'serverAuthOnly'
}

/** A day of the calendar, in UTC. */
export interface CalendarDay {
  /** `2026-12-02` */
  readonly date: string
  readonly day: number
  readonly dues: readonly Due[]
}

/** A month of the calendar. */
export interface CalendarMonth {
  /** `2026-12` */
  readonly month: string
  /** Weeks from Monday to Sunday. Days of other months are undefined. */
  readonly weeks: ReadonlyArray<ReadonlyArray<CalendarDay | undefined>>
}

const DAY = 86_400_000

/** Expiry dates, and what is due: the next renewal, and the ends of `serverAuthOnly`. The soonest first. */
export function listDues (state: ConsoleState): Due[] {
  const { nextRenewal } = gatherSource(state)?.renewal ?? {}
  const renewal: readonly Due[] = nextRenewal === undefined ? [] : [due('renewal', 'next renewal', nextRenewal)]
  const limits = state.credentials.current.authorities.flatMap(({ name, serverAuthOnlyUntil }) => {
    return serverAuthOnlyUntil === undefined ? [] : [due('serverAuthOnly', `authority ${name}`, serverAuthOnlyUntil)]
  })
  return [...listEnds(state), ...renewal, ...limits].sort((a, b) => a.end - b.end)
}

function due (what: 'renewal' | 'serverAuthOnly', name: string, time: number): Due {
  return { what, name, fingerprint256: undefined, notAfter: time, end: time }
}

/** `2026-12-02`, in UTC. Undefined if the time is no date. */
export function dateOf (time: number): string | undefined {
  return Math.abs(time) <= 8.64e15 ? new Date(time).toISOString().slice(0, 10) : undefined
}

/**
 * This month and the next ones in which something is due.
 *
 * @param most the largest number of months
 * @param within months from now that may be shown
 */
export function makeCalendar (dues: readonly Due[], now: number, most: number, within: number): CalendarMonth[] {
  const byDate = Map.groupBy(dues, ({ notAfter }) => dateOf(notAfter))
  const thisMonth = monthOf(now, 0)
  const wanted = Array.from({ length: within }, (_, index) => monthOf(now, index)).filter((month) => {
    return month === thisMonth || [...byDate.keys()].some((date) => date?.startsWith(month) === true)
  })
  return wanted.slice(0, most).map((month) => ({ month, weeks: weeksOf(month, byDate) }))
}

/** `2026-12`, for the month that is `index` months after that of a time. */
function monthOf (time: number, index: number): string {
  const date = new Date(time)
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + index, 1)).toISOString().slice(0, 7)
}

function weeksOf (
  month: string, byDate: ReadonlyMap<string | undefined, readonly Due[]>
): Array<Array<CalendarDay | undefined>> {
  const first = Date.parse(`${month}-01T00:00:00Z`)
  // Monday is the first day of a week.
  const before = (new Date(first).getUTCDay() + 6) % 7
  const cells: Array<CalendarDay | undefined> = Array.from({ length: before }, () => undefined)
  for (let day = 1, time = first; dateOf(time)?.startsWith(month) === true; day++, time += DAY) {
    const date = dateOf(time) as string
    cells.push({ date, day, dues: byDate.get(date) ?? [] })
  }
  while (cells.length % 7 !== 0) cells.push(undefined)
  return Array.from({ length: cells.length / 7 }, (_, week) => cells.slice(week * 7, week * 7 + 7))
}
