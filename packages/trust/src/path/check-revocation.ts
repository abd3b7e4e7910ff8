import { ASK_AGAIN_AFTER, whenAllSettled, whenAnswered } from '@peerkit/identity/internal'
import { checkChain } from '@peerkit/revocation'
import type { ChainStatus, RevocationChecker } from '@peerkit/revocation'
import type { Certificate } from '../certificate/certificate.ts'
import { blame } from '../refusal.ts'
import type { PathRefused } from '../refusal.ts'

/**
 * The share of an answer's lifetime after which it is checked again. The answers of a responder to many clients often
 * expire at the same time, so the next one is requested earlier.
 */
const RECHECK_SHARE = 0.85

/** The checkers permit every certificate of a path. Times are milliseconds since the epoch. */
export interface NotRevoked {
  readonly valid: true
  /** When to check again. */
  readonly revalidateAt: number
  /** Stale-while-revalidate limit: how long the answer may be used while it is checked again. */
  readonly staleUntil: number
}

export type PathRevocation = NotRevoked | PathRefused

const NEVER: NotRevoked = Object.freeze({ valid: true, revalidateAt: Infinity, staleUntil: Infinity })

/**
 * Asks every checker about the leaf and each intermediate of a validated path. Each checker must permit each
 * certificate by its own policy: a good answer of one checker does not replace an unknown one of another. A checker
 * that throws permits nothing.
 */
export function checkRevocation (
  checkers: readonly RevocationChecker[], path: readonly Certificate[], now: () => number
): PathRevocation | Promise<PathRevocation> {
  if (checkers.length === 0 || path.length < 2) return NEVER
  const answers = checkers.map((checker) => askOne(checker, path, now))
  return whenAllSettled(answers, join)
}

function askOne (
  checker: RevocationChecker, path: readonly Certificate[], now: () => number
): PathRevocation | Promise<PathRevocation> {
  const [leaf, ...chain] = path.map(({ identity }) => identity)
  const fail = (): PathRefused => {
    return blame(path[0]!, 'revocation_unknown', 'may be revoked: the revocation checker failed', 'check_failed')
  }
  const conclude = (status: ChainStatus): PathRevocation => read(status, path, now())
  return whenAnswered(() => checkChain(checker, leaf!, { chain, now }), conclude, fail)
}

function read (status: ChainStatus, path: readonly Certificate[], now: number): PathRevocation {
  if (status.permitted) {
    // An expired answer is treated as unknown.
    if (status.state !== 'good' || status.until <= now) {
      return { valid: true, revalidateAt: now + ASK_AGAIN_AFTER, staleUntil: Infinity }
    }
    return { valid: true, revalidateAt: now + (status.until - now) * RECHECK_SHARE, staleUntil: status.until }
  }
  const certificate = path.find(({ fingerprint }) => fingerprint === status.certificate.fingerprint256) ?? path[0]!
  if (status.state === 'revoked') {
    const cause = status.reason === undefined ? '' : ` (${status.reason})`
    return blame(certificate, 'revoked', `is revoked${cause}`)
  }
  const { why, detail }: { readonly why: string, readonly detail?: string | undefined } =
    status.state === 'unknown' ? status : { why: 'answer_expired' }
  return blame(certificate, 'revocation_unknown', `may be revoked: ${detail ?? why}`, why)
}

/** Combines the answers of all checkers. One refusal refuses the path; `revoked` is reported before unknown. */
function join (answers: readonly PathRevocation[]): PathRevocation {
  const refused = answers.filter((answer): answer is PathRefused => !answer.valid)
  if (refused.length > 0) return refused.find(({ reason }) => reason === 'revoked') ?? refused[0]!
  const good = answers as readonly NotRevoked[]
  return {
    valid: true,
    revalidateAt: Math.min(...good.map(({ revalidateAt }) => revalidateAt)),
    staleUntil: Math.min(...good.map(({ staleUntil }) => staleUntil))
  }
}

/** The epoch of a checker. NaN if it cannot be read: NaN equals no epoch, so no earlier answer is used again. */
export function readEpoch (checker: RevocationChecker): number {
  try {
    return checker.epoch
  } catch {
    return Number.NaN
  }
}
