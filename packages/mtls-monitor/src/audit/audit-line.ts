import type { EventName, NearestRule, RefusalDetail, RefusedCertificate } from '@peerkit/events'
import { claimsOf } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { clip, clipAll } from '../clip.ts'

/** What became of it. `reported`: let in, though the rules do not allow it (report mode). */
export type Outcome = 'allowed' | 'denied' | 'reported' | 'failed' | 'changed' | 'warned' | 'dropped'

export type Level = 'info' | 'warn' | 'error'

/** A line of the audit log: every field that there is. docs/audit.md says what each means; none changes its meaning within one `audit` version. */
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
  /** The authority that vouches for the certificate, or of `expiry:soon` that has the CA. */
  readonly authority?: string | undefined
  /** Kinds of names that the certificate may hold, and that its authority does not vouch for. Absent where all are believed. */
  readonly notBelieved?: readonly string[] | undefined
  /** What the certificate says its subject is, where that is not believed: to find it by, never to decide by. */
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

/** What is told in words is kept no longer than this. */
export const MAX_DETAIL = 1_000

/** A line before it is written. */
export interface AuditDraft {
  readonly level: Level
  readonly text: string
  readonly outcome: Outcome
  /** Who is behind it, for the limit. */
  readonly source: string
  readonly fields: Omit<AuditLine, 'audit' | 'event' | 'outcome' | 'when'>
}

export function nameEvent (name: EventName): string { return name.slice('peerkit:'.length) }

type Who = Pick<AuditLine,
  'peer' | 'fingerprint256' | 'serialNumber' | 'issuer' | 'authority' | 'notBelieved' | 'claimedSubject' | 'remoteAddress'>

/** Who it was. */
export function describeWho (peer: PeerIdentity | null | undefined, remoteAddress?: string): Who {
  return {
    peer: peer?.toString(),
    fingerprint256: peer?.fingerprint256,
    serialNumber: clip(peer?.serialNumber),
    issuer: clip(peer?.issuer?.toString()),
    authority: peer?.authority,
    ...describeUnbelieved(peer),
    remoteAddress: clip(remoteAddress)
  }
}

/** What the authority does not vouch for. The subject is told as a claim: operators know certificates by it. */
function describeUnbelieved (peer: PeerIdentity | null | undefined): Pick<AuditLine, 'notBelieved' | 'claimedSubject'> {
  if (peer === null || peer === undefined || peer.notBelieved.length === 0) return {}
  const subject = peer.notBelieved.includes('subject') ? claimsOf(peer).subject?.toString() : undefined
  // A copy: loggers mark what they find while they write it.
  return { notBelieved: [...peer.notBelieved], claimedSubject: subject === '' ? undefined : clip(subject) }
}

type RefusalFields = Pick<AuditLine, 'detail' | 'step' | 'why' | 'certificate'>

/**
 * What is wrong, and with which certificate. It was refused, so none of it has to be true, and all of it may be long.
 */
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

/** Who is behind it: a certificate that was verified, else the network, since a stranger makes as many certificates as he likes. Of IPv6 the first half, the rest is his to choose. */
export function sourceOf (peer: PeerIdentity | null | undefined, remoteAddress: string | undefined): string {
  if (peer !== null && peer !== undefined) return peer.fingerprint256 ?? peer.toString()
  return networkOf(remoteAddress)
}

export function networkOf (address: string | undefined): string {
  if (address === undefined) return 'unknown'
  return address.includes(':') && !address.includes('.') ? address.split(':').slice(0, 4).join(':') : address
}

/** What a peer's certificate holds may be long. */
export function clipNearest (nearest: NearestRule | undefined): NearestRule | undefined {
  if (nearest === undefined) return undefined
  const failed = nearest.failed.slice(0, 20).map(({ key, expected, found, note }) => ({ key, expected: clipAll(expected), found: found === undefined ? undefined : clipAll(found), note }))
  return { path: nearest.path, matched: nearest.matched, failed }
}
