import { EVENT_KINDS } from './collect/event-log.ts'
import type { ConsoleEvent, EventKind } from './collect/event-log.ts'
import { CHANGE_KINDS } from './trust/timeline.ts'
import type { ChangeKind } from './trust/timeline.ts'

/** The filters of a page. */
export interface Query {
  /** Words that must all occur. */
  readonly q: string
  readonly kind: EventKind | undefined
  /** The key of a client. */
  readonly client: string | undefined
  /** Milliseconds since the epoch. `to` is inclusive. */
  readonly from: number | undefined
  readonly to: number | undefined
  /** What changed, on the timeline. */
  readonly change: ChangeKind | undefined
  /** As entered. */
  readonly fromText: string
  readonly toText: string
}

const MAX_TEXT = 300
const MINUTE = 60_000

/** Reads a query string. Invalid values are ignored. */
export function readQuery (query: unknown): Query {
  const fields = (query ?? {}) as Record<string, unknown>
  const text = (name: string): string => {
    const value = Array.isArray(fields[name]) ? fields[name].at(-1) : fields[name]
    return typeof value === 'string' ? value.slice(0, MAX_TEXT).trim() : ''
  }
  const [fromText, toText, kind, change] = [text('from'), text('to'), text('kind'), text('change')]
  const to = readTime(toText)
  return {
    q: text('q'),
    kind: Object.hasOwn(EVENT_KINDS, kind) ? kind as EventKind : undefined,
    change: Object.hasOwn(CHANGE_KINDS, change) ? change as ChangeKind : undefined,
    client: text('client') === '' ? undefined : text('client'),
    from: readTime(fromText),
    // A minute includes all its seconds.
    to: to === undefined || /:\d\d:\d\d/.test(toText) ? to : to + MINUTE - 1,
    fromText,
    toText
  }
}

/** The filters as a query string, with the question mark. Empty without filters. */
export function writeQuery ({ q, kind, client, change, fromText, toText }: Query): string {
  const fields = { q, kind, client, change, from: fromText, to: toText }
  const set = Object.entries(fields).filter(([, value]) => value !== undefined && value !== '')
  return set.length === 0 ? '' : `?${new URLSearchParams(set as [string, string][]).toString()}`
}

/** UTC, as `datetime-local` fields write it (`2026-11-23T03:12`), with or without a `Z`. */
function readTime (text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z?$/.test(text)) return undefined
  const time = Date.parse(text.endsWith('Z') ? text : `${text}Z`)
  return Number.isNaN(time) ? undefined : time
}

/** Whether an event matches the filters. */
export function matchesEvent (
  event: ConsoleEvent,
  { q, kind, client, from = -Infinity, to = Infinity }: Query
): boolean {
  if ((kind !== undefined && event.kind !== kind) || event.last < from || event.first > to) return false
  if (client !== undefined && !isAbout(event, client)) return false
  const { title, kind: itsKind, reason, hint, peer, fingerprint256, remoteAddress, requestId, detail } = event
  const { issuer, chain = [], removedCa } = event
  const certificates = [issuer, ...chain, removedCa?.name]
  const fields = [title, itsKind, reason, hint, peer, fingerprint256, remoteAddress, requestId, ...detail]
  return hasWords(q, [...fields, ...certificates])
}

/** Whether an event is about the client with this key. */
export function isAbout ({ fingerprint256, peer }: ConsoleEvent, client: string): boolean {
  return fingerprint256 === client || peer === client
}

/** Whether all words of a filter are in the texts. */
export function hasWords (filter: string, texts: ReadonlyArray<string | undefined>): boolean {
  const text = texts.join('\n').toLowerCase()
  return filter.toLowerCase().split(/\s+/).every((word) => text.includes(word))
}
