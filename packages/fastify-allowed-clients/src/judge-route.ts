import type { PeerIdentity } from '@peerkit/identity'
import type { Allowed } from '@peerkit/rules'
import type { Answer } from './audience.ts'
import type { GuardedRoute, Requirement } from './guarded-route.ts'

/** A requirement that did not allow. */
export interface Failure {
  readonly requirement: Requirement
  readonly answer: Extract<Answer, { allowed: false }>
}

/** What became of a request. */
export interface Decision {
  /** The innermost requirement that allowed; undefined where nothing is asked, or nothing allowed. */
  readonly allowedBy: Requirement | undefined
  readonly verdict: Allowed | undefined
  /** Undefined where the request may pass. */
  readonly denied: Failure | undefined
  /** What would have denied it, were it not only reported. */
  readonly reported: readonly Failure[]
}

/** How often a route's requests were let in, refused, and let in though the rules do not allow them. */
export interface RouteCounts { allowed: number, denied: number, wouldDeny: number }

/** A route under the rules in force. */
export interface RouteJudge {
  readonly route: GuardedRoute
  /** Outlives a reload of the rules. */
  readonly counts: RouteCounts
}

const NOTHING_ASKED: Decision = Object.freeze({ allowedBy: undefined, verdict: undefined, denied: undefined, reported: [] })
const NO_FAILURES: readonly Failure[] = Object.freeze([])

/** Asks every requirement of a route, the outermost first, until one refuses that is enforced. A promise only where a predicate is asked. */
export function judgeRoute ({ requirements }: GuardedRoute, peer: PeerIdentity | null, request: unknown): Decision | Promise<Decision> {
  return requirements.length === 0 ? NOTHING_ASKED : judgeFrom(requirements, 0, peer, request, NOTHING_ASKED)
}

function judgeFrom (requirements: readonly Requirement[], start: number, peer: PeerIdentity | null, request: unknown, before: Decision): Decision | Promise<Decision> {
  let decision = before
  for (let index = start; index < requirements.length; index++) {
    const requirement = requirements[index] as Requirement
    const answer = requirement.audience.ask(peer, request)
    if (answer instanceof Promise) {
      const sofar = decision
      return answer.then((settled) => {
        const next = add(sofar, requirement, settled)
        return next.denied === undefined ? judgeFrom(requirements, index + 1, peer, request, next) : next
      })
    }
    decision = add(decision, requirement, answer)
    if (decision.denied !== undefined) return decision
  }
  return decision
}

function add ({ allowedBy, verdict, reported }: Decision, requirement: Requirement, answer: Answer): Decision {
  if (answer.allowed) return { allowedBy: requirement, verdict: answer, denied: undefined, reported: reported.length === 0 ? NO_FAILURES : reported }
  const failure: Failure = { requirement, answer }
  if (requirement.mode === 'enforce') return { allowedBy: undefined, verdict: undefined, denied: failure, reported }
  return { allowedBy, verdict, denied: undefined, reported: [...reported, failure] }
}
