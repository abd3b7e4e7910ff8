import type { PeerIdentity } from '@peerkit/identity'
import { failedStatus, unknownStatus, type RevocationChecker, type RevocationStatus } from './revocation-status.ts'

/** The worst that is known about the certificates of a chain. */
export type ChainStatus = RevocationStatus & {
  /** The certificate it is said about. */
  readonly certificate: PeerIdentity
  /** What the checker's policy says to it. */
  readonly permitted: boolean
}

const CHAIN_UNKNOWN = unknownStatus('chain_unknown', 'which certificates lead to a trust anchor is not known')

export interface CheckChainOptions {
  /** The verified chain without the leaf, where the identity has none of its own (as on a resumed TLS session). */
  readonly chain?: readonly PeerIdentity[]
}

/**
 * Asks about the leaf and each intermediate of `identity.chain`, each with its issuer, and answers with the worst: revoked, then unknown that the policy
 * refuses, then unknown that it lets pass, then the good that ends first. The last of the chain is the trust anchor: nobody but who configured it revokes it, so it is not
 * asked about. Without a chain only the leaf can be asked about, by its issuer's name, and is `unknown` (`chain_unknown`) unless it is revoked.
 */
export function checkChain (
  checker: RevocationChecker,
  identity: PeerIdentity,
  options: CheckChainOptions = {}
): ChainStatus | Promise<ChainStatus> {
  const chain = options.chain ?? identity.chain
  const path = chain === undefined ? [identity] : [identity, ...chain]
  const asked = chain === undefined ? path : path.slice(0, Math.max(1, path.length - 1))
  const answers = asked.map((certificate, i) => ask(checker, certificate, path[i + 1]))
  const judge = (statuses: readonly RevocationStatus[]): ChainStatus => {
    const judged = statuses.map((status, i) => describe(checker, status, asked[i]!))
    if (chain === undefined) judged.push(describe(checker, CHAIN_UNKNOWN, identity))
    return judged.reduce((worst, next) =>
      rank(next) > rank(worst) || (rank(next) === rank(worst) && endsBefore(next, worst)) ? next : worst
    )
  }
  return answers.some((answer) => answer instanceof Promise)
    ? Promise.all(answers).then(judge)
    : judge(answers as RevocationStatus[])
}

function ask (
  checker: RevocationChecker,
  certificate: PeerIdentity,
  issuer: PeerIdentity | undefined
): RevocationStatus | Promise<RevocationStatus> {
  try {
    const answer = checker.check(certificate, issuer)
    // Promises of another realm or library count too.
    return isThenable(answer) ? Promise.resolve(answer).then(readStatus).catch(failedStatus) : readStatus(answer)
  } catch (error) {
    return failedStatus(error)
  }
}

function describe (checker: RevocationChecker, status: RevocationStatus, certificate: PeerIdentity): ChainStatus {
  return Object.freeze({ ...status, certificate, permitted: checker.permits(status, certificate) === true })
}

function rank ({ state, permitted }: ChainStatus): number {
  return state === 'revoked' ? 3 : !permitted ? 2 : state === 'unknown' ? 1 : 0
}

function endsBefore (one: ChainStatus, other: ChainStatus): boolean {
  return one.state === 'good' && other.state === 'good' && one.until < other.until
}

function isThenable (answer: unknown): answer is PromiseLike<RevocationStatus> {
  return typeof (answer as { then?: unknown } | null | undefined)?.then === 'function'
}

/** A checker that was written elsewhere may answer anything. What is none of the three states is not known. */
function readStatus (status: RevocationStatus): RevocationStatus {
  const state: unknown = (status as { state?: unknown } | null | undefined)?.state
  if (state === 'revoked' || state === 'unknown') return status
  return state === 'good' && typeof (status as { until?: unknown }).until === 'number'
    ? status
    : unknownStatus('check_failed')
}
