import { reasonOfStep } from '@peerkit/events'
import type { CertificateReason, CertificateStep } from '@peerkit/events'
import { clip } from '@peerkit/identity/internal'
import { summarizeCertificate } from '@peerkit/identity/x509'
import type { CertificateSummary } from '@peerkit/identity/x509'
import type { Certificate } from './certificate/certificate.ts'
import type { Budget } from './path/limits.ts'

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
  return Object.freeze({ valid: false, reason: reasonOfStep(step), step, detail: clip(detail, MAX_DETAIL), ...about })
}

/** A refusal that names the certificate at fault, as text and as data. `fault` follows its name. */
export function blame (certificate: Certificate, step: CertificateStep, fault: string, why?: string): PathRefused {
  const about = { certificate: summaryOf(certificate), ...(why !== undefined && { why }) }
  return refuse(step, `${nameOf(certificate)} ${fault}`, about)
}

export function refuseExhausted ({ exhausted }: Budget): PathRefused {
  return refuse('budget_exceeded', `the decision needs more ${exhausted ?? 'work'} than the limits allow`)
}

const names = new WeakMap<Certificate, string>()

/** The name of a certificate in messages. Cached, because it may be long, and many paths may fail at it. */
export function nameOf (certificate: Certificate): string {
  let name = names.get(certificate)
  if (name === undefined) {
    if (certificate.isRead) name = certificate.identity.toString()
    else {
      const { subject, serialNumber = '', fingerprint256 } = summaryOf(certificate)
      name = `${subject ?? `serial ${serialNumber}`} (sha256:${fingerprint256.slice(0, 16)})`
    }
    names.set(certificate, name)
  }
  return name
}

const summaries = new WeakMap<Certificate, CertificateSummary>()

/** The data that identifies a certificate in a log. */
export function summaryOf (certificate: Certificate): CertificateSummary {
  let summary = summaries.get(certificate)
  if (summary === undefined) summaries.set(certificate, summary = summarizeCertificate(certificate.der))
  return summary
}
