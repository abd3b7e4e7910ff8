import type { PeerIdentity } from '@peerkit/identity'
import { isThenable } from '@peerkit/identity/internal'
import type { Predicate } from './allow-rule.ts'
import { PredicateResultError } from './errors.ts'
import type { Allowed, Refused, Verdict } from './verdict.ts'

/** A predicate, and the verdict if it returns true. */
export interface Asked {
  readonly predicate: Predicate<any>
  readonly path: string
  readonly verdict: Allowed
}

/**
 * Calls predicates in order until one returns `true`. If one throws, rejects or does not return a boolean, the peer is
 * refused and later ones are not called: a broken check must not be skipped.
 *
 * @param refused the verdict if all return `false`
 */
export function askPredicates (
  asked: readonly Asked[], peer: PeerIdentity, request: unknown, refused: Refused
): Verdict | Promise<Verdict> {
  for (const [index, { predicate, path, verdict }] of asked.entries()) {
    try {
      const answer: unknown = predicate(peer, request)
      if (isThenable(answer)) return awaitAnswer(answer, asked.slice(index), peer, request, refused)
      if (answer === true) return verdict
      if (answer !== false) return refuseAnswer(path, answer)
    } catch (error) {
      return refuseFailure(error)
    }
  }
  return refused
}

async function awaitAnswer (
  promise: PromiseLike<unknown>, [first, ...others]: readonly Asked[], peer: PeerIdentity, request: unknown,
  refused: Refused
): Promise<Verdict> {
  const { path, verdict } = first as Asked
  try {
    const answer = await promise
    if (answer === true) return verdict
    if (answer !== false) return refuseAnswer(path, answer)
  } catch (error) {
    return refuseFailure(error)
  }
  return askPredicates(others, peer, request, refused)
}

function refuseAnswer (path: string, answer: unknown): Refused {
  return refuseFailure(new PredicateResultError(path, answer))
}

function refuseFailure (error: unknown): Refused {
  return Object.freeze({ allowed: false, reason: 'predicate_failed', error })
}
