import { OtherSide, authoritiesOf, readBlockOption } from '@peerkit/credentials'
import type { BlockOption, CredentialSource } from '@peerkit/credentials'
import type { RevocationChecker } from '@peerkit/revocation'
import { createTrustEvaluator } from '@peerkit/trust'
import type { Accepted, AlgorithmPolicy, Decision, TrustEvaluator, TrustEvaluatorOptions } from '@peerkit/trust'
import type { RefusalDetail } from '@peerkit/events'
import { MTLS_ERR_OUTBOUND_OPTION } from './errors.ts'
import type { PresentedServer } from './node-internals.ts'

export interface ServerTrustOptions {
  /** Asked beside the credentials' own CRLs; both must permit. */
  readonly revocation: RevocationChecker | undefined
  readonly algorithms: AlgorithmPolicy | undefined
  readonly block: BlockOption | undefined
  readonly now: () => number
}

/** A decision about a server's certificate, made again while its connection is open. */
export interface ServerDecision {
  readonly presented: PresentedServer
  current: Accepted
  /** Being made again. */
  deciding: Promise<void> | undefined
  /** It is not accepted any more. */
  refused: boolean
}

/** Whether servers' certificates are accepted by the credentials in force. */
export class ServerTrust {
  readonly #evaluator: TrustEvaluator
  readonly #explainer: TrustEvaluator
  readonly #otherSide: OtherSide
  readonly #now: () => number

  /** @throws MTLS_ERR_OUTBOUND_OPTION where `algorithms` is wrong */
  constructor (credentials: CredentialSource, { revocation, algorithms, block, now }: ServerTrustOptions) {
    const common = { version: () => credentials.current.trustEpoch, purpose: 'serverAuth', now, ...(algorithms !== undefined && { algorithms }), ...(block !== undefined && { block: readBlockOption(block, 'block') }) } as const
    this.#evaluator = createEvaluator({ ...common, authorities: () => authoritiesOf(credentials.current, 'servers', revocation) })
    this.#explainer = createTrustEvaluator({ ...common, authorities: () => authoritiesOf(credentials.current, 'servers').map((authority) => ({ ...authority, revocation: [] })), maxRemembered: 0 })
    this.#otherSide = new OtherSide(credentials, 'servers', now)
    this.#now = now
  }

  evaluate ({ leaf, sent }: PresentedServer): Decision | Promise<Decision> {
    return this.#evaluator.evaluate(leaf, { sent })
  }

  /** What is wrong with a certificate that OpenSSL refused, revocation aside; undefined where nothing is found. */
  explain ({ leaf, sent }: PresentedServer): RefusalDetail | undefined {
    const decision = this.#explainer.evaluate(leaf, { sent })
    if (decision instanceof Promise || decision.accepted) return undefined
    return this.#otherSide.explain(decision.detail, leaf, sent)
  }

  /**
   * Whether an open connection's server is still accepted, at once. Where revocation has to be asked again and the answer takes time, the former answer counts
   * until its own end, and the next request knows more.
   */
  isStillAccepted (decision: ServerDecision): boolean {
    if (decision.refused) return false
    if (this.#evaluator.isFresh(decision.current)) return true
    if (decision.deciding === undefined) {
      const next = this.evaluate(decision.presented)
      if (!(next instanceof Promise)) return take(decision, next)
      decision.deciding = next.then((settled) => { take(decision, settled) }, () => { decision.refused = true }).finally(() => { decision.deciding = undefined })
    }
    const { staleUntil, notAfter } = decision.current
    return this.#now() < Math.min(staleUntil, notAfter) && this.#evaluator.isCurrent(decision.current)
  }
}

function createEvaluator (options: TrustEvaluatorOptions): TrustEvaluator {
  try {
    return createTrustEvaluator(options)
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'MTLS_ERR_PATH_OPTION') throw error
    // Of what it says, who says so is the cause's.
    const text = (error as Error).message.replace(/^Invalid [a-z ]+ option: /, '')
    throw Object.assign(new MTLS_ERR_OUTBOUND_OPTION(text), { cause: error })
  }
}

function take (decision: ServerDecision, next: Decision): boolean {
  if (next.accepted) decision.current = next
  else decision.refused = true
  return next.accepted
}
