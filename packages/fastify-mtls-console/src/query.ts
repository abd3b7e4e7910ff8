import { EVENT_KINDS } from './collect/event-log.ts'
import type { ConsoleEvent, EventKind } from './collect/event-log.ts'

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
  const [fromText, toText, kind] = [text('from'), text('to'), text('kind')]
  const to = readTime(toText)
  return {
    q: text('q'),
    kind: Object.hasOwn(EVENT_KINDS, kind) ? kind as EventKind : undefined,
    client: text('client') === '' ? undefined : text('client'),
    from: readTime(fromText),
    // A minute includes all its seconds.
    to: to === undefined || /:\d\d:\d\d/.test(toText) ? to : to + MINUTE - 1,
    fromText,
    toText
  }
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
