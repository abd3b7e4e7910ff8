import { OtherSide, authoritiesOf, readBlockOption } from '@peerkit/credentials'
import type { BlockOption, CredentialSource } from '@peerkit/credentials'
import type { RefusalDetail } from '@peerkit/events'
import { isThenable } from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import { createTrustEvaluator, PathOptionError } from '@peerkit/trust'
import type { Accepted, AlgorithmPolicy, Decision, TrustEvaluator, TrustEvaluatorOptions } from '@peerkit/trust'
import { OutboundOptionError } from '../errors.ts'
import type { PresentedServer } from './node-internals.ts'

export interface ServerTrustOptions {
  /** Checks revocation in addition to the CRLs of the credentials. All must accept the certificate. */
  readonly revocation: RevocationChecker | undefined
  readonly algorithms: AlgorithmPolicy | undefined
  readonly block: BlockOption | undefined
  readonly now: () => number
}

/** The decision about a server's certificate, updated while its connection is open. */
export interface ServerDecision {
  readonly presented: PresentedServer
  current: Accepted
  /** The evaluation in progress. */
  deciding: Promise<void> | undefined
  /** Whether the certificate is not accepted any more. */
  refused: boolean
}

/** Decides whether the current credentials accept a server's certificate. */
export class ServerTrust {
  readonly #evaluator: TrustEvaluator
  readonly #explainer: TrustEvaluator
  readonly #otherSide: OtherSide
  readonly #now: () => number

  /** @throws OutboundOptionError if `algorithms` is wrong */
  constructor (credentials: CredentialSource, { revocation, algorithms, block, now }: ServerTrustOptions) {
    const common = {
      version: () => credentials.current.trustEpoch,
      purpose: 'serverAuth',
      now,
      ...(algorithms !== undefined && { algorithms }),
      ...(block !== undefined && { block: readBlockOption(block, 'block') })
    } as const
    this.#evaluator = createEvaluator({
      ...common, authorities: () => authoritiesOf(credentials.current, 'servers', revocation)
    })
    this.#explainer = createTrustEvaluator({
      ...common,
      authorities: () => authoritiesOf(
        credentials.current, 'servers'
      ).map((authority) => ({ ...authority, revocation: [] })),
      cacheSize: 0
    })
    this.#otherSide = new OtherSide(credentials, 'servers', now)
    this.#now = now
  }

  evaluate ({ leaf, sent }: PresentedServer): Decision | Promise<Decision> {
    return this.#evaluator.evaluate(leaf, { sent })
  }

  /**
   * Says what is wrong with a certificate that OpenSSL refused; undefined if nothing is found. Does not check
   * revocation.
   */
  explain ({ leaf, sent }: PresentedServer): RefusalDetail | undefined {
    const decision = this.#explainer.evaluate(leaf, { sent })
    if (isThenable(decision) || decision.accepted) return undefined
    return this.#otherSide.explain(decision.detail, leaf, sent)
  }

  /**
   * Whether the server of an open connection is still accepted. The answer is immediate: if revocation has to be
   * checked again and takes time, the previous answer is used until it expires, and the next request gets the new one.
   */
  isStillAccepted (decision: ServerDecision): boolean {
    if (decision.refused) return false
    if (this.#evaluator.isFresh(decision.current)) return true
    if (decision.deciding === undefined) {
      const next = this.evaluate(decision.presented)
      if (!isThenable(next)) return take(decision, next)
      decision.deciding = next.then((settled) => { take(decision, settled) }, () => { decision.refused = true })
        .finally(() => { decision.deciding = undefined })
    }
    const { staleUntil, notAfter } = decision.current
    return this.#now() < Math.min(staleUntil, notAfter) && this.#evaluator.isCurrent(decision.current)
  }
}

function createEvaluator (options: TrustEvaluatorOptions): TrustEvaluator {
  try {
    return createTrustEvaluator(options)
  } catch (error) {
    if (!(error instanceof PathOptionError)) throw error
    // The prefix of the other package's error is dropped; the error itself is kept as the cause.
    const text = error.message.replace(/^Invalid [a-z ]+ option: /, '')
    throw new OutboundOptionError(text, { cause: error })
  }
}

function take (decision: ServerDecision, next: Decision): boolean {
  if (next.accepted) decision.current = next
  else decision.refused = true
  return next.accepted
}
