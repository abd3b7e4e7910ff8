import type { CertificateReason, RefusalDetail } from '@peerkit/events'
import type { CertificateFlaw, PeerIdentity } from '@peerkit/identity'
import { checkOption, list, required, valueOf, wrongValue } from '@peerkit/identity/internal'
import { PathOptionError } from '../errors.ts'
import type { PathRefused } from '../refusal.ts'

/** What the peer sent with its leaf certificate. */
export interface Presented {
  /** The certificates that the peer sent after the leaf, as DER, in its order. They are untrusted candidates. */
  readonly sent?: readonly Uint8Array[]
  /**
   * Whether the TLS session was resumed. Then the peer sends no intermediates, so those of earlier handshakes are used.
   * A full handshake never uses them, so its result does not depend on earlier ones. Default false.
   */
  readonly resumed?: boolean
}

/** Version counters of the trust anchors and of the revocation data. A decision is current while both are unchanged. */
export interface TrustVersion {
  readonly trust: number
  readonly revocation: number
}

/** The certificate is accepted. Times are milliseconds since the epoch. */
export interface Accepted {
  readonly accepted: true
  /**
   * The leaf, with only the names that its authority vouches for. Its `chain` is the verified path, the anchor last.
   */
  readonly peer: PeerIdentity
  /** The name of the authority whose anchor ends the path. */
  readonly authority: string
  /** Whether the leaf or a CA above it lacks clientAuth, and `serverAuthOnlyUntil` of the authority accepts that. */
  readonly serverAuthOnly: boolean
  /** The flaws of the leaf and the CAs above it that `tolerate` of the authority accepts. Usually empty. */
  readonly tolerated: readonly CertificateFlaw[]
  readonly version: TrustVersion
  /** When the first certificate of the path expires, the anchor included. */
  readonly notAfter: number
  /** When to check revocation again. */
  readonly revalidateAt: number
  /** Stale-while-revalidate limit: how long the decision may be used while revocation is checked again. */
  readonly staleUntil: number
}

/** The certificate is not accepted. */
export interface Refused {
  readonly accepted: false
  readonly reason: CertificateReason
  /** The failed check, the certificate at fault and a message. For the log, never for the client. */
  readonly detail: RefusalDetail
  readonly version: TrustVersion
}

/** The result of `evaluate`. */
export type Decision = Accepted | Refused

/** Decides whether certificates are accepted, for every kind of connection. Made by `createTrustEvaluator`. */
export interface TrustEvaluator {
  /** The current versions of the trust anchors and of the revocation data. */
  readonly version: TrustVersion
  /**
   * Decides whether a leaf is accepted. It is accepted if a path to a trusted CA satisfies RFC 5280 section 6, the
   * bounds of the authority, the block list and the revocation checkers. Never throws or rejects because of what the
   * certificates contain.
   *
   * @param leaf one certificate in DER. Do not write to it afterwards
   * @param presented what the peer sent with the leaf
   * @returns the decision; a promise only if a revocation checker answers later
   * @throws PathOptionError if an argument is not DER, or not a list of DER
   */
  evaluate (leaf: Uint8Array, presented?: Presented): Decision | Promise<Decision>
  /**
   * The intermediate CAs of accepted paths that peers sent, that are not configured and have not expired, each as the
   * SHA-256 of its name and key, sorted. Processes with the same list can resume each other's TLS sessions.
   */
  readonly learned: readonly string[]
  /**
   * Tells whether a leaf was accepted before. It may have been refused since.
   *
   * @param leaf one certificate in DER
   * @param sent count only a decision for exactly these other certificates. Default: any
   */
  remembers (leaf: Uint8Array, sent?: readonly Uint8Array[]): boolean
  /**
   * Whether a decision still holds: the anchors and the revocation data are unchanged, or only authorities for
   * X.509-SVIDs of other trust domains changed.
   */
  isCurrent (decision: Pick<Decision, 'version'>): boolean
  /** Whether a decision may be used without evaluating again: it is current and has not expired. */
  isFresh (decision: Accepted): boolean
}

const DER = valueOf('one certificate in DER (Uint8Array)', (value) => value instanceof Uint8Array)
const LEAF = required(DER)
const SENT = list('certificates', DER)

/** @throws PathOptionError */
export function checkQuestion (leaf: unknown, presented: Presented): void {
  checkOption(leaf, LEAF, 'leaf', PathOptionError)
  if (typeof presented !== 'object' || presented === null || Array.isArray(presented)) {
    throw wrongValue(PathOptionError, 'presented', presented, '{ sent, resumed }')
  }
  checkOption(presented.sent, SENT, 'sent', PathOptionError)
}

/**
 * Converts a refused path to a decision. The detail is not frozen: it becomes a
 * property of errors, and some loggers modify those while writing them.
 */
export function refusedBy ({ reason, step, detail, certificate, why }: PathRefused, version: TrustVersion): Refused {
  return Object.freeze({
    accepted: false,
    reason,
    detail: { step, message: detail, certificate, ...(why !== undefined && { why }) },
    version
  })
}
