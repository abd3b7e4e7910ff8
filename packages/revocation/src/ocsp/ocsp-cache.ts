import { endOfValidity } from '@peerkit/identity'
import { iso } from '@peerkit/identity/internal'
import { OcspInvalidError } from '../errors.ts'
import {
  failureText, nameReason, plainPart, plainText, unknownStatus, type RevocationStatus
} from '../policy/revocation-status.ts'
import type { OcspReply } from './ocsp-client.ts'

/** A cached answer about one certificate. Times are milliseconds since the epoch. */
export interface OcspEntry {
  readonly status: RevocationStatus
  /** When the answer expires: the responder must be asked before answering. */
  readonly until: number
  /** When the answer is refreshed in the background. */
  readonly refreshAt: number
  /** When the last verified good answer expires; 0 if the last verified answer was another one. */
  readonly goodUntil: number
  /** thisUpdate of the last verified answer if it said revoked. An older answer does not undo it. */
  readonly revokedAsOf: number | undefined
}

/** Options of the checker about the cache, in milliseconds. */
export interface CacheTimes {
  readonly retryAfter: number
  readonly staleIfError: number
}

/** The entry of an answer. */
export function entryOf ({ verified, url }: OcspReply, now: number, { retryAfter }: CacheTimes): OcspEntry {
  const until = Endings.round(Math.min(verified.until, endOfValidity(verified.signer.identity)), now)
  const refreshAt = now + (until - now) * 0.8
  if (verified.state === 'good') {
    return {
      status: Object.freeze({ state: 'good', source: 'ocsp', until }),
      until,
      refreshAt,
      goodUntil: until,
      revokedAsOf: undefined
    }
  }
  if (verified.state === 'unknown') {
    const soon = Math.min(until, now + retryAfter)
    const detail = plainText(`the responder ${plainPart(url)} does not know the certificate`)
    const status = unknownStatus('ocsp_unknown', detail)
    return { status, until: soon, refreshAt: soon, goodUntil: 0, revokedAsOf: undefined }
  }
  const status = Object.freeze({
    state: 'revoked',
    source: 'ocsp',
    reason: nameReason(verified.reason),
    revokedAt: verified.revokedAt
  } as const)
  return { status, until, refreshAt, goodUntil: 0, revokedAsOf: verified.thisUpdate }
}

/**
 * The entry after a failure: the earlier answer while it is valid or `staleIfError` allows it, else unknown for a
 * short time.
 */
export function entryAfter (
  error: unknown, before: OcspEntry | undefined, now: number, { retryAfter, staleIfError }: CacheTimes
): OcspEntry {
  const retry = now + retryAfter
  if (before !== undefined && now < before.until && before.status.state !== 'unknown') {
    return { ...before, refreshAt: retry }
  }
  const staleUntil = before === undefined ? 0 : before.goodUntil + staleIfError
  if (before !== undefined && before.goodUntil > 0 && now < staleUntil) {
    const until = Math.min(retry, staleUntil)
    return {
      status: Object.freeze({ state: 'good', source: 'ocsp', until }),
      until,
      refreshAt: until,
      goodUntil: before.goodUntil,
      revokedAsOf: before.revokedAsOf
    }
  }
  const why = error instanceof OcspInvalidError ? 'ocsp_invalid' : 'ocsp_unavailable'
  // A revoked certificate stays revoked: a soft policy would permit unknown.
  const status = before?.status.state === 'revoked' ? before.status : unknownStatus(why, failureText(error))
  return {
    status,
    until: retry,
    refreshAt: retry,
    goodUntil: before?.goodUntil ?? 0,
    revokedAsOf: before?.revokedAsOf
  }
}

/**
 * Refuses an answer that is valid but older than one that said revoked: an attacker on the network may have replayed
 * it (RFC 6960 section 5).
 */
export function checkNotRolledBack (
  { verified: { state, thisUpdate }, url }: OcspReply, before: OcspEntry | undefined
): void {
  if (before?.revokedAsOf === undefined || state === 'revoked' || thisUpdate >= before.revokedAsOf) return
  throw new OcspInvalidError(
    'rolled_back',
    `${url} says ${state} as of ${iso(thisUpdate)}, ` +
      `but it was revoked as of ${iso(before.revokedAsOf)}`
  )
}

/** Expiry times of answers that were given, cached or not. Rounded to ten seconds, so that there are few. */
export class Endings {
  readonly #times = new Set<number>()

  /** The rounded expiry time of an answer; never later than the exact one. */
  static round (until: number, now: number): number {
    return until - now > 60_000 ? Math.floor(until / 10_000) * 10_000 : until
  }

  add (until: number): void {
    this.#times.add(until)
  }

  /** Removes past times. Returns the next one, or Infinity. */
  next (now: number): number {
    let next = Infinity
    for (const time of this.#times) {
      if (time <= now) this.#times.delete(time)
      else if (time < next) next = time
    }
    return next
  }
}
