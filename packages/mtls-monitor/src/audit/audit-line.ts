import type { EventName, EventOutcome, NearestRule, RefusalDetail, RefusedCertificate } from '@peerkit/events'
import { claimsOf } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { clip, clipAll } from '@peerkit/identity/internal'

/** The outcome of an event, or `dropped` in the line that counts the lines that were not written. */
export type Outcome = EventOutcome | 'dropped'

export type Level = 'info' | 'warn' | 'error'

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
export const MAX_DETAIL = 1_000

/** A line before it is written, with its log level and text. */
export interface AuditDraft {
  readonly level: Level
  readonly text: string
  readonly outcome: Outcome
  /** The client or network that the line is counted for, for the limit. */
  readonly source: string
  readonly fields: Omit<AuditLine, 'audit' | 'event' | 'outcome' | 'when'>
}

export function nameEvent (name: EventName): string { return name.slice('peerkit:'.length) }

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
export function describeWho (peer: PeerIdentity | null | undefined, remoteAddress?: string): Who {
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
export function describeDetail (detail: RefusalDetail | undefined): RefusalFields {
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
export function clipNearest (nearest: NearestRule | undefined): NearestRule | undefined {
  if (nearest === undefined) return undefined
  const failed = nearest.failed.slice(0, 20).map(({ key, expected, found, note }) => ({
    key,
    expected: clipAll(expected),
    found: found === undefined ? undefined : clipAll(found),
    note
  }))
  return { path: nearest.path, matched: nearest.matched, failed }
}
