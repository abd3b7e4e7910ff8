import { reasonOfStep } from '@peerkit/events'
import type { CertificateReason, CertificateStep } from '@peerkit/events'
import type { CertificateSummary } from '@peerkit/identity/x509'

/** The chain is refused. */
export interface PathRefused {
  readonly valid: false
  /** A word of docs/reasons.md. */
  readonly reason: CertificateReason
  /** The check that failed: the reason, or a word that says more. */
  readonly step: CertificateStep
  /** Which certificate, what was found, what was expected. For the log, never for the client. */
  readonly detail: string
  /** The certificate at fault, if there is one. */
  readonly certificate?: CertificateSummary | undefined
  /** With `revocation_unknown`: the checker's reason, such as `crl_expired`. */
  readonly why?: string | undefined
}

/** The detail of a refusal if every attempt was overtaken by a change. */
export const CHANGED = 'the trust anchors or the revocation data changed while the certificate was checked'

/** Limits the length of a log line: a certificate may have a very long name. */
const MAX_DETAIL = 400

export function refuse (
  step: CertificateStep, detail: string, about: Pick<PathRefused, 'certificate' | 'why'> = {}
): PathRefused {
  return Object.freeze({ valid: false, reason: reasonOfStep(step), step, detail: clip(detail), ...about })
}

/** Never cuts a surrogate pair in half, so that the text stays well-formed. */
function clip (text: string): string {
  return text.length > MAX_DETAIL ? `${text.slice(0, MAX_DETAIL).replace(/[\ud800-\udbff]$/, '')}…` : text
}
