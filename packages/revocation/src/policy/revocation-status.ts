import type { PeerIdentity } from '@peerkit/identity'

/** Status of one certificate. Times are milliseconds since the epoch. */
export type RevocationStatus =
  | {
    readonly state: 'good'
    readonly source: RevocationSource
    /** When the answer expires. */
    readonly until: number
  }
  | {
    readonly state: 'revoked'
    readonly source: RevocationSource
    /** A name of RFC 5280 section 5.3.1, e.g. `keyCompromise`. */
    readonly reason: string | undefined
    readonly revokedAt: number | undefined
  }
  | UnknownStatus

/** The status is not known, and why. */
export interface UnknownStatus {
  readonly state: 'unknown'
  /** An {@link UnknownCause}, or several joined by `, `. */
  readonly why: string
  /**
   * The cause in words, for logs: which list of which CA is missing, has expired or does not cover the certificate, or
   * what the responder or the network returned. Limited in length, without control characters.
   */
  readonly detail?: string
}

/** Source of an answer. */
export type RevocationSource = 'crl' | 'ocsp'

/**
 * The codes in `why`. For a CRL: `no_crl` (none for this issuer), `out_of_scope` (none covers the certificate),
 * `crl_expired`, `crl_not_yet_valid`. For OCSP: `ocsp_unknown` (the responder does not know the certificate),
 * `ocsp_unavailable`, `ocsp_invalid`. For both: `issuer_unknown`, `issuer_mismatch`, `serial_unknown`,
 * `chain_unknown`, `closed`, `check_failed`, `no_checker`, `answer_expired` (a good answer that had ended).
 */
export type UnknownCause =
  | 'no_crl' | 'out_of_scope' | 'crl_expired' | 'crl_not_yet_valid' | 'ocsp_unknown' | 'ocsp_unavailable'
  | 'ocsp_invalid' | 'issuer_unknown' | 'issuer_mismatch' | 'serial_unknown' | 'chain_unknown' | 'closed'
  | 'check_failed' | 'no_checker' | 'answer_expired'

/** Checks whether certificates are revoked, by CRLs, by OCSP or by other means. */
export interface RevocationChecker {
  /**
   * Increases whenever an earlier answer may be out of date: new lists, an expired list, or another OCSP answer. It
   * never decreases.
   */
  readonly epoch: number
  /**
   * Returns the status of a certificate whose chain is already verified. CRLs answer synchronously, OCSP may return a
   * promise. It neither throws nor rejects: a failure is `unknown`.
   *
   * @param issuer the certificate that issued it; if undefined, the checker uses the issuer's name as far as that is
   *   safe
   */
  check (certificate: PeerIdentity, issuer: PeerIdentity | undefined): RevocationStatus | Promise<RevocationStatus>
  /**
   * Whether the policy permits a certificate with this status: never if `revoked`, until the answer expires if `good`.
   */
  permits (status: RevocationStatus, certificate: PeerIdentity): boolean
  /** Calls the listener after each change of `epoch`. Returns a function that unsubscribes it. */
  subscribe (listener: () => void): () => void
  /** Stops timers and requests. Later answers are `unknown`. */
  close (): Promise<void>
}

/** The names of CRLReason (RFC 5280 section 5.3.1); 7 is not used. */
const reasons = [
  'unspecified', 'keyCompromise', 'cACompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation',
  'certificateHold',
  undefined,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise'
] as const

/** The name of a CRLReason, or undefined for `unspecified` and for numbers without a name. */
export function nameReason (reason: number): string | undefined {
  return reason === 0 ? undefined : reasons[reason]
}

/** Whether a number is a CRLReason. */
export function isReason (reason: number): boolean {
  return reasons[reason] !== undefined
}

export function unknownStatus (why: UnknownCause, detail?: string): UnknownStatus {
  return Object.freeze({ state: 'unknown', why, ...(detail !== undefined && { detail }) })
}

/** The status if a checker threw or rejected. */
export function failedStatus (error: unknown): UnknownStatus {
  return unknownStatus('check_failed', plainText(`the checker failed: ${failureText(error)}`))
}

/** The status if a checker gave a good answer whose time is over. */
export const ANSWER_EXPIRED: UnknownStatus = unknownStatus('answer_expired')

/**
 * Reads the answer of a checker, which may be anything if somebody else wrote it. Anything but the three states counts
 * as unknown. It is copied, since a getter could answer differently when it is read again.
 */
export function readStatus (status: RevocationStatus): RevocationStatus {
  const copy = { ...status as object } as { readonly state?: unknown, readonly until?: unknown }
  const { state, until } = copy
  if (state === 'revoked' || state === 'unknown') return copy as RevocationStatus
  return state === 'good' && typeof until === 'number' && !Number.isNaN(until)
    ? copy as RevocationStatus
    : unknownStatus('check_failed')
}

/** What a status says at a time: a good one whose time is over says nothing any more. */
export function statusAt (status: RevocationStatus, now: number): RevocationStatus {
  return status.state === 'good' && now >= status.until ? ANSWER_EXPIRED : status
}

export const CLOSED: UnknownStatus = unknownStatus('closed', 'the checker is closed')
export const SERIAL_UNKNOWN: UnknownStatus =
  unknownStatus('serial_unknown', 'the serial number of the certificate is not known')

/** The certificate names another issuer than the given one. */
export function issuerMismatch (certificate: PeerIdentity, issuer: PeerIdentity): UnknownStatus {
  const named = plainPart(certificate.issuer ?? 'none')
  const given = plainPart(issuer.subject ?? issuer)
  return unknownStatus('issuer_mismatch', plainText(`the certificate names the issuer ${named}, not ${given}`))
}

/** Maximum length of a detail, in UTF-16 units. */
const MAX_LENGTH = 240
/** Maximum length of a name or URL in it. */
const MAX_PART = 120

const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu

/** Makes untrusted text safe for one line of a log: limited in length, without control and format characters. */
export function plainText (text: string, most: number = MAX_LENGTH): string {
  const cut = text.length > most ? `${text.slice(0, most - 1)}…` : text
  return cut.replace(UNSEEN, '?')
}

/** The same for a name or a URL in a longer text. */
export function plainPart (part: unknown): string {
  return plainText(String(part), MAX_PART)
}

/** Joins several details, each once. */
export function joinDetails (details: readonly (string | undefined)[]): string | undefined {
  const distinct = new Set(details.filter((detail) => detail !== undefined))
  return distinct.size === 0 ? undefined : plainText([...distinct].join('; '), 2 * MAX_LENGTH)
}

/** The message of an error. */
export function failureText (error: unknown): string {
  return plainText(error instanceof Error ? error.message : String(error))
}
