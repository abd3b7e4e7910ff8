import { summarizeEvent } from '@peerkit/events'
import type {
  EventMessages, EventOutcome, EventSeverity, NearestRule, RefusalDetail, RefusedCertificate, SummarizedName
} from '@peerkit/events'
import { claimsOf } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { clip, clipAll } from '@peerkit/identity/internal'

/** The outcome of an event, or `dropped` in the line that counts the lines that were not written. */
export type Outcome = EventOutcome | 'dropped'

type Level = 'info' | 'warn' | 'error'

/**
 * A line of the audit log. docs/audit.md explains the fields. No field changes its meaning within an `audit` version.
 */
export interface AuditLine {
  /** The version of these fields. */
  readonly audit: 1
  /** The channel's name without `peerkit:`, or `audit:dropped`. */
  readonly event: string
  readonly outcome: Outcome
  /** ISO 8601, UTC. */
  readonly when: string | undefined
  // Who
  readonly peer?: string | undefined
  readonly fingerprint256?: string | undefined
  readonly serialNumber?: string | undefined
  readonly issuer?: string | undefined
  /** The authority that vouches for the certificate. In `expiry:soon` of a CA: the authority that has it. */
  readonly authority?: string | undefined
  /** The kinds of names that the authority does not vouch for. Absent if it vouches for all. */
  readonly notBelieved?: readonly string[] | undefined
  /** The flaws of the certificate that its authority tolerates. Absent if it has none. */
  readonly tolerated?: readonly string[] | undefined
  /**
   * The subject that the certificate claims and no authority vouches for. Use it to find the certificate, never to
   * decide.
   */
  readonly claimedSubject?: string | undefined
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  // What
  readonly requestId?: string | undefined
  readonly method?: string | undefined
  readonly path?: string | undefined
  readonly route?: string | undefined
  readonly origin?: string | undefined
  readonly file?: string | undefined
  readonly url?: string | undefined
  readonly header?: string | undefined
  readonly source?: string | undefined
  /** Who was asked for new credentials: the name of the issuer. */
  readonly from?: string | undefined
  readonly generation?: number | undefined
  readonly trustChanged?: boolean | undefined
  readonly notAfter?: string | undefined
  readonly what?: string | undefined
  readonly threshold?: string | undefined
  readonly resumed?: boolean | undefined
  readonly protocol?: string | undefined
  readonly alpnProtocol?: string | undefined
  readonly node?: string | undefined
  // Why
  readonly reason?: string | undefined
  readonly code?: string | undefined
  readonly hint?: string | undefined
  readonly detail?: string | undefined
  readonly step?: string | undefined
  readonly why?: string | undefined
  readonly certificate?: RefusedCertificate | undefined
  readonly rules?: string | undefined
  readonly rule?: number | undefined
  readonly group?: string | undefined
  readonly nearest?: NearestRule | undefined
  readonly dropped?: Readonly<Record<string, number>> | undefined
}

/** The longest sentence in a line. */
const MAX_DETAIL = 1_000

/** A line before it is written, with its log level and text. */
export interface AuditDraft {
  readonly level: Level
  readonly text: string
  readonly outcome: Outcome
  /** The client or network that the line is counted for, for the limit. */
  readonly source: string
  readonly fields: Omit<AuditLine, 'audit' | 'event' | 'outcome' | 'when'>
}

type Who = Pick<AuditLine,
  'peer'
    | 'fingerprint256'
    | 'serialNumber'
    | 'issuer'
    | 'authority'
    | 'notBelieved'
    | 'tolerated'
    | 'claimedSubject'
    | 'remoteAddress'>

/** The fields that say who it was. */
function describeWho (peer: PeerIdentity | null | undefined, remoteAddress?: string): Who {
  return {
    peer: peer?.toString(),
    fingerprint256: peer?.fingerprint256,
    serialNumber: clip(peer?.serialNumber),
    issuer: clip(peer?.issuer?.toString()),
    authority: peer?.authority,
    ...describeUnbelieved(peer),
    // A copy, because some loggers mark objects while they write them.
    ...(peer && peer.tolerated.length > 0 && { tolerated: [...peer.tolerated] }),
    remoteAddress: clip(remoteAddress)
  }
}

/**
 * The names that the authority does not vouch for. The subject is logged as a claim: operators know certificates by it.
 */
function describeUnbelieved (peer: PeerIdentity | null | undefined): Pick<AuditLine, 'notBelieved' | 'claimedSubject'> {
  if (peer === null || peer === undefined || peer.notBelieved.length === 0) return {}
  const subject = peer.notBelieved.includes('subject') ? claimsOf(peer).subject?.toString() : undefined
  // A copy, because some loggers mark objects while they write them.
  return { notBelieved: [...peer.notBelieved], claimedSubject: subject === '' ? undefined : clip(subject) }
}

type RefusalFields = Pick<AuditLine, 'detail' | 'step' | 'why' | 'certificate'>

/** The failed check and the certificate. The certificate was refused, so its values are unverified and may be long. */
function describeDetail (detail: RefusalDetail | undefined): RefusalFields {
  if (detail === undefined) return {}
  const { step, message, why, certificate } = detail
  return {
    detail: clip(message, MAX_DETAIL),
    step: clip(step),
    why: clip(why),
    certificate: certificate && {
      subject: clip(certificate.subject),
      serialNumber: clip(certificate.serialNumber),
      fingerprint256: clip(certificate.fingerprint256) as string
    }
  }
}

/** Clips the values, because those from a certificate may be long. */
function clipNearest (nearest: NearestRule | undefined): NearestRule | undefined {
  if (nearest === undefined) return undefined
  const failed = nearest.failed.slice(0, 20).map(({ key, expected, found, note }) => ({
    key,
    expected: clipAll(expected),
    found: found === undefined ? undefined : clipAll(found),
    note
  }))
  return { path: nearest.path, matched: nearest.matched, failed }
}

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
