import { summarizeEvent } from '@peerkit/events'
import type { EventMessages, EventSeverity, SummarizedName } from '@peerkit/events'
import { clip } from '@peerkit/identity/internal'
import { clipNearest, describeDetail, describeWho, MAX_DETAIL } from './audit-line.ts'
import type { AuditDraft, Level } from './audit-line.ts'

const LEVELS: Readonly<Record<EventSeverity, Level>> = {
  good: 'info', info: 'info', warning: 'warn', denied: 'warn', failed: 'error'
}

/** Values that may be longer than the name of a certificate. */
const LONG: ReadonlySet<string> = new Set(['path', 'file', 'detail'])

/** Makes a line of the audit log from the summary of an event. */
export function draftLine<Name extends SummarizedName> (name: Name, event: EventMessages[Name]): AuditDraft {
  const {
    severity, outcome, title, source, peer, remoteAddress, reason, hint, detail, message, nearest, facts
  } = summarizeEvent(name, event)
  return {
    level: LEVELS[severity],
    text: title,
    outcome,
    source,
    fields: {
      ...(peer !== undefined || remoteAddress !== undefined ? describeWho(peer, remoteAddress) : {}),
      ...clipFacts(facts),
      ...(reason !== undefined && { reason: clip(reason) }),
      // The rules say themselves why they denied a request.
      ...(hint !== undefined && !name.startsWith('peerkit:request:') && { hint }),
      ...describeDetail(detail),
      ...(message !== undefined && { detail: clip(message, MAX_DETAIL) }),
      ...(nearest !== undefined && { nearest: clipNearest(nearest) })
    }
  }
}

/** Clips the texts, because those from a certificate or a header may be long. */
function clipFacts (facts: Readonly<Record<string, unknown>>): AuditDraft['fields'] {
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => {
    return [name, typeof value === 'string' ? clip(value, LONG.has(name) ? MAX_DETAIL : undefined) : value]
  }))
}
