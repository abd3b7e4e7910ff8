import type { PeerIdentity } from '@peerkit/identity'
import { whenAllSettled, whenAnswered } from '@peerkit/identity/internal'
import {
  failedStatus, readStatus, statusAt, unknownStatus, type RevocationChecker, type RevocationStatus
} from './revocation-status.ts'

/** The worst status in a chain. */
export type ChainStatus = RevocationStatus & {
  /** The certificate that has this status. */
  readonly certificate: PeerIdentity
  /** Whether the checker's policy permits it. */
  readonly permitted: boolean
}

const CHAIN_UNKNOWN = unknownStatus('chain_unknown', 'the certificates that lead to a trust anchor are not known')

/** Options of {@link checkChain}. */
export interface CheckChainOptions {
  /** The verified chain without the leaf. Default: `identity.chain`, which is undefined on a resumed TLS session. */
  readonly chain?: readonly PeerIdentity[]
  /** Returns the current time in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

/**
 * Checks the leaf and each intermediate of a chain, each with its issuer, and returns the worst status: revoked,
 * then unknown that the policy refuses, then unknown that it permits, then the good one that expires first. A good
 * answer that has ended is unknown (`answer_expired`).
 *
 * The last certificate of the chain is the trust anchor, which is not checked: only the configuration removes it.
 * Without a chain, only the leaf is checked, by its issuer's name. The result is then `unknown` (`chain_unknown`)
 * unless it is revoked.
 *
 * @param checker any checker of this package, or your own
 * @param identity the leaf; its chain must already be verified
 * @returns a promise if one of the answers is a promise. It neither throws nor rejects.
 * @example
 * ```ts
 * const issuer = parsePeerIdentity(ca.der)
 * const checker = crlChecker({ crls: [(await ca.crl()).pem], issuers: [issuer] })
 * const { state, permitted } = await checkChain(checker, peer, { chain: [issuer] })
 * console.log(state, permitted) // good true
 * await checker.close()
 * ```
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
  const { now = Date.now } = options
  const findWorst = (statuses: readonly RevocationStatus[]): ChainStatus => {
    const time = now()
    const checked = statuses.map((status, i) => describe(checker, statusAt(status, time), asked[i]!))
    if (chain === undefined) checked.push(describe(checker, CHAIN_UNKNOWN, identity))
    return checked.reduce((worst, next) =>
      rank(next) > rank(worst) || (rank(next) === rank(worst) && endsBefore(next, worst)) ? next : worst
    )
  }
  return whenAllSettled(answers, findWorst)
}

function ask (
  checker: RevocationChecker,
  certificate: PeerIdentity,
  issuer: PeerIdentity | undefined
): RevocationStatus | Promise<RevocationStatus> {
  return whenAnswered(() => checker.check(certificate, issuer), readStatus, failedStatus)
}

function describe (checker: RevocationChecker, status: RevocationStatus, certificate: PeerIdentity): ChainStatus {
  // No policy permits what is revoked, not even one of the caller's own checker.
  const permitted = status.state !== 'revoked' && checker.permits(status, certificate) === true
  return Object.freeze({ ...status, certificate, permitted })
}

function rank ({ state, permitted }: ChainStatus): number {
  return state === 'revoked' ? 3 : !permitted ? 2 : state === 'unknown' ? 1 : 0
}

function endsBefore (one: ChainStatus, other: ChainStatus): boolean {
  return one.state === 'good' && other.state === 'good' && one.until < other.until
}
