import type { PeerIdentity } from '@peerkit/identity'
import { parsePeerIdentity } from '@peerkit/identity'
import type { RevocationChecker, RevocationStatus } from '@peerkit/revocation'
import { createTrustEvaluator } from '../../src/index.ts'
import type { Authority, Decision, Presented, TrustEvaluator, TrustEvaluatorOptions } from '../../src/index.ts'
import { NOW } from '@peerkit/test-support/mint'

export const DAY = 86_400_000
export const good = (until = Infinity): RevocationStatus => ({ state: 'good', source: 'crl', until })
export const revoked = (reason?: string): RevocationStatus => ({
  state: 'revoked',
  source: 'crl',
  reason,
  revokedAt: NOW
})
export const unknown = (why = 'no_crl'): RevocationStatus => ({ state: 'unknown', why })

type Answer = RevocationStatus | Promise<RevocationStatus> | Error

/** A checker that answers as it is told, by the common name or the fingerprint of a certificate; else `good`. */
export interface StubChecker extends RevocationChecker {
  epoch: number
  answers: Record<string, Answer | (() => Answer)>
  permit: (status: RevocationStatus) => boolean
  readonly asked: string[]
}

export function stubChecker (answers: StubChecker['answers'] = {}): StubChecker {
  const checker: StubChecker = {
    epoch: 1,
    answers,
    permit: ({ state }) => state === 'good',
    asked: [],
    check (certificate) {
      const name = certificate.subject?.commonName ?? ''
      checker.asked.push(name)
      const told = checker.answers[certificate.fingerprint256 ?? ''] ?? checker.answers[name] ?? good()
      const answer = typeof told === 'function' ? told() : told
      if (answer instanceof Error) throw answer
      return answer
    },
    permits: (status) => checker.permit(status),
    subscribe: () => () => {},
    close: async () => {}
  }
  return checker
}

/** A promise that a test settles. */
export function later (): {
  readonly promise: Promise<RevocationStatus>
  readonly settle: (status: RevocationStatus) => void
} {
  let settle: (status: RevocationStatus) => void = () => {}
  const promise = new Promise<RevocationStatus>((resolve) => {
    settle = resolve
  })
  return {
    promise,
    settle: (status) => {
      settle(status)
    }
  }
}

/** An evaluator over one authority with these anchors, at the time that the certificates are made for. */
export function evaluatorOf (
  ca: readonly Uint8Array[],
  { authority = {}, ...options }: Partial<TrustEvaluatorOptions> & { readonly authority?: Partial<Authority> } = {}
): TrustEvaluator {
  return createTrustEvaluator({
    authorities: () => [{ name: 'default', ca, ...authority }],
    now: () => NOW,
    ...options
  })
}

/** `accepted by` the anchor's common name through those between, or `reason/step`. */
export function told (decision: Decision | Promise<Decision>): string {
  if (decision instanceof Promise) return 'later'
  return decision.accepted
    ? `accepted by ${chainOf(decision).join(' < ')}`
    : `${decision.reason}/${decision.detail.step}`
}

/** The outcome of one evaluation by an evaluator of its own. */
export function outcomeOf (
  leaf: Uint8Array,
  sent: readonly Uint8Array[],
  ca: readonly Uint8Array[],
  options: Parameters<typeof evaluatorOf>[1] = {}
): string {
  return told(evaluatorOf(ca, options).evaluate(leaf, { sent }))
}

export function chainOf (decision: Decision): readonly string[] {
  return decision.accepted
    ? (decision.peer.chain ?? []).map((peer: PeerIdentity) => peer.subject?.commonName ?? '')
    : []
}

export const fingerprintOf = (der: Uint8Array): string => parsePeerIdentity(der).fingerprint256 ?? ''

export const resumed: Presented = Object.freeze({ resumed: true })
