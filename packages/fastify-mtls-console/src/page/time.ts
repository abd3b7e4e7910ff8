import { html } from './html.ts'
import type { Html } from './html.ts'

const UNITS: ReadonlyArray<readonly [milliseconds: number, name: string]> = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second']
]

/** `2026-11-23 03:12:07`, in UTC. */
export function formatTime (time: number): string {
  return isDate(time) ? new Date(time).toISOString().slice(0, 19).replace('T', ' ') : 'unknown'
}

/** `6 days`, `3 hours`: the largest unit with a count of at least two; otherwise `a moment`. */
export function formatSpan (milliseconds: number): string {
  for (const [size, name] of UNITS) {
    const count = Math.floor(milliseconds / size)
    if (count >= 2) return `${count} ${name}s`
  }
  return 'a moment'
}

/** A time without its distance. */
export function showMoment (time: number): Html {
  return isDate(time)
    ? html`<time datetime="${new Date(time).toISOString()}">${formatTime(time)}</time>`
    : html`<span class="faint">unknown</span>`
}

/** A time with its distance from now. */
export function showTime (time: number | undefined, now: number): Html {
  if (time === undefined || !isDate(time)) return html`<span class="faint">unknown</span>`
  const distance = Math.abs(time - now) < 2000 ? 'now' : describeDistance(time, now)
  return html`${showMoment(time)} <span class="faint nowrap ago">${distance}</span>`
}

/** A day in UTC with its distance from now. */
export function showDay (time: number, now: number): Html {
  const day = formatTime(time).slice(0, 10)
  return html`<time datetime="${day}">${day}</time> <span class="faint nowrap">${describeDistance(time, now)}</span>`
}

function describeDistance (time: number, now: number): string {
  return time > now ? `in ${formatSpan(time - now)}` : `${formatSpan(now - time)} ago`
}

export const WEEK: number = 7 * 86_400_000
const MONTH = 30 * 86_400_000

/** The severity of an expiry. @param end for a certificate `endOfValidity` */
export function toneOfEnd (end: number, now: number): 'good' | 'warn' | 'bad' {
  const left = end - now
  return left <= WEEK ? 'bad' : left <= MONTH ? 'warn' : 'good'
}

function isDate (time: number): boolean { return Math.abs(time) <= 8.64e15 }
