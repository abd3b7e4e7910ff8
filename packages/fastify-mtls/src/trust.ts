import { authorityOf } from '@peerkit/credentials'
import type { CredentialSource } from '@peerkit/credentials'
import type { RefusalDetail } from '@peerkit/events'
import type { RevocationChecker } from '@peerkit/revocation'
import { createTrustEvaluator } from '@peerkit/trust'
import type { Accepted, AlgorithmPolicy, Decision, Presented, TrustEvaluator, TrustVersion } from '@peerkit/trust'

/** Signatures that explaining one refusal may take. */
const MAX_EXPLAINED_SIGNATURES = 4

export interface TrustOptions {
  /** Asked beside the credentials' own CRLs; both must permit. */
  readonly revocation: RevocationChecker | undefined
  readonly algorithms: AlgorithmPolicy | undefined
  readonly now: () => number
  /** Called when `learned` grows. */
  readonly onLearned: () => void
}

/** Whether a client's certificate is accepted by the credentials in force. */
export class Trust {
  readonly credentials: CredentialSource
  readonly now: () => number
  readonly #own: RevocationChecker | undefined
  readonly #evaluator: TrustEvaluator
  readonly #explainer: TrustEvaluator
  #seen: TrustVersion | undefined
  #generation = 0

  constructor (credentials: CredentialSource, { revocation, algorithms, now, onLearned }: TrustOptions) {
    this.credentials = credentials
    this.now = now
    this.#own = revocation
    const common = { version: () => credentials.current.trustEpoch, now, ...(algorithms !== undefined && { algorithms }) }
    this.#evaluator = createTrustEvaluator({ ...common, authorities: () => [authorityOf(credentials.current, revocation)], onLearned })
    this.#explainer = createTrustEvaluator({
      ...common,
      authorities: () => [{ ...authorityOf(credentials.current), revocation: [] }],
      maxRemembered: 0,
      maxIntermediates: 0,
      limits: { maxSignatures: MAX_EXPLAINED_SIGNATURES }
    })
  }

  /** Whether anybody is asked about revocation. */
  get checksRevocation (): boolean {
    return this.#own !== undefined || this.credentials.current.revocation !== undefined
  }

  get revocation (): readonly RevocationChecker[] {
    return authorityOf(this.credentials.current, this.#own).revocation
  }

  /** Moves whenever an earlier answer may no longer hold, and never takes a value again: the two numbers of a version may move against each other. */
  get generation (): number {
    const { version } = this.#evaluator
    if (version !== this.#seen) {
      this.#seen = version
      this.#generation += 1
    }
    return this.#generation
  }

  /** Fingerprints of the intermediates that clients sent and that led to a CA in force. */
  get learned (): readonly string[] {
    return this.#evaluator.learned
  }

  evaluate (leaf: Uint8Array, presented: Presented): Decision | Promise<Decision> {
    return this.#evaluator.evaluate(leaf, presented)
  }

  remembers (leaf: Uint8Array): boolean {
    return this.#evaluator.remembers(leaf)
  }

  /** Whether neither anchors nor revocations moved since a decision. */
  isCurrent (decision: Decision): boolean {
    return this.#evaluator.isCurrent(decision)
  }

  /** Whether a decision holds without being made again. */
  isFresh (decision: Accepted): boolean {
    return this.#evaluator.isFresh(decision)
  }

  /** What is wrong with a certificate that OpenSSL refused; undefined where a path satisfies every check. Revocation is not looked at, and nothing is kept. */
  explain (leaf: Uint8Array, sent: readonly Uint8Array[]): RefusalDetail | undefined {
    const decision = this.#explainer.evaluate(leaf, { sent })
    return decision instanceof Promise || decision.accepted ? undefined : decision.detail
  }
}
