import { ASK_AGAIN_AFTER, whenAllSettled, whenAnswered } from '@peerkit/identity/internal'
import { checkChain } from '@peerkit/revocation'
import type { ChainStatus, RevocationChecker } from '@peerkit/revocation'
import type { Certificate } from '../certificate/certificate.ts'
import { blame } from '../certificate/find-flaw.ts'
import type { PathRefused } from '../refusal.ts'

/** The share of an answer's time after which the next is asked for: responders give answers to many clients that end all at once. */
const RECHECK_SHARE = 0.85

/** No certificate of a path is revoked, as far as the policies ask. Milliseconds since the epoch. */
export interface NotRevoked {
  readonly valid: true
  /** From when on it is to be asked again. */
  readonly revalidateAt: number
  /** Until when the answer may be used while it is asked again. */
  readonly staleUntil: number
}

export type PathRevocation = NotRevoked | PathRefused

const NEVER: NotRevoked = Object.freeze({ valid: true, revalidateAt: Infinity, staleUntil: Infinity })

/**
 * Asks every checker about the leaf and each intermediate of a validated path. Each checker must permit each certificate by its own policy: what one of them
 * knows does not answer for another. A checker that throws has permitted nothing.
 */
export function checkRevocation (checkers: readonly RevocationChecker[], path: readonly Certificate[], now: () => number): PathRevocation | Promise<PathRevocation> {
  if (checkers.length === 0 || path.length < 2) return NEVER
  const answers = checkers.map((checker) => askOne(checker, path, now))
  return whenAllSettled(answers, join)
}

function askOne (checker: RevocationChecker, path: readonly Certificate[], now: () => number): PathRevocation | Promise<PathRevocation> {
  const [leaf, ...chain] = path.map(({ identity }) => identity)
  const fail = (): PathRefused => blame(path[0]!, 'revocation_unknown', 'may be revoked: the revocation checker failed', 'check_failed')
  const conclude = (status: ChainStatus): PathRevocation => read(status, path, now())
  return whenAnswered(() => checkChain(checker, leaf!, { chain }), conclude, fail)
}

function read (status: ChainStatus, path: readonly Certificate[], now: number): PathRevocation {
  if (status.permitted) {
    // An answer whose time is over is none: it is asked for again, as an unknown one.
    if (status.state !== 'good' || status.until <= now) return { valid: true, revalidateAt: now + ASK_AGAIN_AFTER, staleUntil: Infinity }
    return { valid: true, revalidateAt: now + (status.until - now) * RECHECK_SHARE, staleUntil: status.until }
  }
  const certificate = path.find(({ fingerprint }) => fingerprint === status.certificate.fingerprint256) ?? path[0]!
  if (status.state === 'revoked') return blame(certificate, 'revoked', `is revoked${status.reason === undefined ? '' : ` (${status.reason})`}`)
  const { why, detail }: { readonly why: string, readonly detail?: string | undefined } = status.state === 'unknown' ? status : { why: 'answer_expired' }
  return blame(certificate, 'revocation_unknown', `may be revoked: ${detail ?? why}`, why)
}

/** Revoked by one is revoked; not permitted by one is not permitted. */
function join (answers: readonly PathRevocation[]): PathRevocation {
  const refused = answers.filter((answer): answer is PathRefused => !answer.valid)
  if (refused.length > 0) return refused.find(({ reason }) => reason === 'revoked') ?? refused[0]!
  const good = answers as readonly NotRevoked[]
  return { valid: true, revalidateAt: Math.min(...good.map(({ revalidateAt }) => revalidateAt)), staleUntil: Math.min(...good.map(({ staleUntil }) => staleUntil)) }
}
