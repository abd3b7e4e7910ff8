import crypto from 'node:crypto'
import type { CertificateStep } from '@peerkit/events'
import { endOfValidity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { Accepted, Decision, Refused } from '@peerkit/trust'
import { describeEach } from '../authorities/describe-answer.ts'
import { describeMoment, describePeriod, shownRows } from '../output.ts'
import type { TrustAnswer, TrustQuestion } from './trust-question.ts'

/** A certificate of an accepted path, for `--json`. */
export interface PathCertificate {
  readonly subject: string
  readonly serialNumber: string | undefined
  readonly fingerprint256: string | undefined
  readonly notAfter: string | undefined
  /** Whether it is the trust anchor, the last of the path. */
  readonly isAnchor: boolean
}

/** The decision of `@peerkit/trust` about a chain, for `--json`. */
export type ChainDecision =
  | {
    readonly accepted: true
    readonly path: readonly PathCertificate[]
    /** When the first of them expires. */
    readonly notAfter: string
  }
  | ({ readonly accepted: false, readonly reason: Refused['reason'], readonly remedy: string } & Refused['detail'])

/** What to do, by the failed step. */
const REMEDIES: Readonly<Record<CertificateStep, string>> = {
  unreadable: 'Issue the certificate again with another tool.',
  too_large: 'Issue a smaller certificate, and remove certificates that do not belong to the chain.',
  anchors_invalid: 'Give at least one readable CA certificate in --ca.',
  unknown_ca: 'Find the missing issuer. A root belongs in --ca, ' +
    'an intermediate in --chain if the peer sends it, otherwise in --intermediates.',
  other_side: 'If its peers may connect, set the option for of this authority to "both". ' +
    '--purpose checks the other side.',
  signature_invalid: 'Find out where the certificate comes from: it is forged or damaged, ' +
    'or two CAs have the same name and different keys.',
  algorithm_refused: 'Issue the certificate again, signed with ECDSA or RSA and SHA-256.',
  key_refused: 'Issue the certificate again with a P-256 key, or an RSA key of at least 2048 bits.',
  expired: 'Renew the certificate. --at TIME checks another moment.',
  not_yet_valid: 'Compare the clocks of the CA and of this machine. --at TIME checks another moment.',
  not_ca: 'Find out who signed with this certificate: it is not a CA. This is a mistake in the PKI or an attack.',
  path_length: 'Issue from a CA closer to the root, or replace the CA whose pathLenConstraint is too small.',
  ca_as_leaf: 'Issue a leaf certificate with basicConstraints CA:FALSE. ' +
    'The key of a CA does not belong on a client or server.',
  wrong_purpose: 'Issue the certificate again for this purpose, from CAs that allow it. ' +
    '--purpose checks another purpose.',
  name_constraint: 'Issue the certificate with names that the CA may issue, or from another CA.',
  outside_authority: 'Compare the names of the certificate with the option names of the authority. ' +
    'Widen names if the certificate is right, or issue one with the right names.',
  policy: 'Issue the certificate with a policy that all CAs above it allow.',
  critical_extension: 'Issue the certificate without this extension, or mark it as not critical.',
  lint: 'Issue the certificate again as RFC 5280 requires.',
  blocked: 'Find out why this certificate is on the block list before you remove it there.',
  revoked: 'Issue a new certificate. Use a new key if the old key may be compromised.',
  revocation_unknown: 'Give the current CRL of the CA that issued this certificate in --crl. ' +
    'If that CA is an intermediate, also give its certificate in --intermediates.',
  budget_exceeded: 'Remove certificates that do not belong to the chain.'
}

/** What to do if a CA is revoked, and not the leaf. */
const CA_REVOKED = 'Issue a new certificate from another CA: all certificates of this one are refused.'

/** @param leaf the leaf of the chain; without it the refused certificate is taken for the leaf */
export function describeDecisionAsData (decision: Decision, leaf?: Uint8Array): ChainDecision {
  if (!decision.accepted) {
    return { accepted: false, reason: decision.reason, ...decision.detail, remedy: remedyOf(decision, leaf) }
  }
  const path = pathOf(decision)
  return {
    accepted: true,
    path: path.map((certificate, index) => {
      const { subject, serialNumber, fingerprint256, notAfter } = certificate
      return {
        subject: subject === undefined || subject.rdns.length === 0 ? String(certificate) : String(subject),
        serialNumber,
        fingerprint256,
        notAfter: notAfter === undefined ? undefined : describeMoment(notAfter),
        isAnchor: index === path.length - 1
      }
    }),
    notAfter: describeMoment(firstOf(path).notAfter ?? 0)
  }
}

/** The leaf first, the anchor last. */
export function pathOf ({ peer }: Accepted): readonly PeerIdentity[] {
  return [peer, ...peer.chain ?? []]
}

/** The certificate that expires first. */
export function firstOf (path: readonly PeerIdentity[]): PeerIdentity {
  return path.reduce((first, next) => endOfValidity(next) < endOfValidity(first) ? next : first)
}

/** `CN=orders, serial number 4f2a, SHA-256 7d96…`, as far as known. */
export function nameRefused ({ detail: { certificate } }: Refused): string | undefined {
  if (certificate === undefined) return undefined
  const { subject = 'without a subject', serialNumber = 'unreadable', fingerprint256 } = certificate
  return `${subject}, serial number ${serialNumber}, SHA-256 ${fingerprint256}`
}

/** @param leaf the leaf of the chain. Without it the refused certificate is taken for the leaf */
function remedyOf ({ detail: { step, certificate } }: Refused, leaf?: Uint8Array): string {
  const isLeaf = leaf === undefined || certificate?.fingerprint256 === crypto.hash('sha256', leaf, 'hex')
  if (step === 'revoked' && !isLeaf) return CA_REVOKED
  return REMEDIES[step as keyof typeof REMEDIES]
}

/** The decision in one line. */
export function summarizeDecision (decision: Decision, now: number): string {
  if (!decision.accepted) {
    const { reason, detail: { step, message } } = decision
    return `refused: ${reason}, step ${step}: ${message}`
  }
  const path = pathOf(decision)
  return `accepted, through ${String(path.at(-1))}; ${describePeriod(undefined, endOfValidity(firstOf(path)), now)}`
}

/** Why a chain is refused and what to do. */
export function describeRefusal (question: TrustQuestion, { each, leftOut }: TrustAnswer, refused: Refused): string {
  const { step, message, why, certificate } = refused.detail
  return shownRows([
    ['step', why === undefined ? step : `${step} (${why})`],
    ['found', message],
    ['certificate', certificate === undefined ? undefined : certificate.subject ?? 'without a readable subject'],
    ['serial number', certificate?.serialNumber],
    ['SHA-256', certificate?.fingerprint256],
    ['authorities', describeEach(each, question.at)],
    ['ignored', leftOut],
    ['what to do', describeRemedy(question, refused)]
  ])
}

/** What to do. With `--authorities`, the settings of an authority are named instead of `--ca` and the like. */
export function describeRemedy ({ chain: [leaf], trusted: { file } }: TrustQuestion, refused: Refused): string {
  const remedy = remedyOf(refused, leaf)
  return file === undefined ? remedy : remedy.replace(/--(ca|intermediates|crl)\b/g, '"$1" of its authority')
}
