import type { PeerIdentity } from '@peerkit/identity'
import { isThenable } from '@peerkit/identity/internal'
import type { Allowed } from '@peerkit/rules'
import type { Answer } from '../policy/access-policy.ts'
import type { Requirement, RouteRequirements } from '../policy/route-requirements.ts'

/** A requirement that did not allow the client. */
export interface Failure {
  readonly requirement: Requirement
  readonly answer: Extract<Answer, { allowed: false }>
}

/** The result for a request. */
export interface Decision {
  /** The innermost requirement that allowed; undefined if there are none, or none allowed. */
  readonly allowedBy: Requirement | undefined
  readonly verdict: Allowed | undefined
  /** Undefined if the request may pass. */
  readonly denied: Failure | undefined
  /** The failures that are only reported. */
  readonly reported: readonly Failure[]
}

const NOTHING_ASKED: Decision = Object.freeze({
  allowedBy: undefined, verdict: undefined, denied: undefined, reported: []
})
const NO_FAILURES: readonly Failure[] = Object.freeze([])

/**
 * Checks every requirement of a route, the outermost first, until an enforced one denies. Returns a promise only if a
 * function returns one.
 */
export function authorizeRoute (
  { requirements }: RouteRequirements, peer: PeerIdentity | null, request: unknown
): Decision | Promise<Decision> {
  return requirements.length === 0 ? NOTHING_ASKED : authorizeFrom(requirements, 0, peer, request, NOTHING_ASKED)
}

function authorizeFrom (
  requirements: readonly Requirement[], start: number, peer: PeerIdentity | null, request: unknown, before: Decision
): Decision | Promise<Decision> {
  let decision = before
  for (let index = start; index < requirements.length; index++) {
    const requirement = requirements[index] as Requirement
    const answer = requirement.policy.ask(peer, request)
    if (isThenable(answer)) {
      const sofar = decision
      return answer.then((settled) => {
        const next = add(sofar, requirement, settled)
        return next.denied === undefined ? authorizeFrom(requirements, index + 1, peer, request, next) : next
      })
    }
    decision = add(decision, requirement, answer)
    if (decision.denied !== undefined) return decision
  }
  return decision
}

function add ({ allowedBy, verdict, reported }: Decision, requirement: Requirement, answer: Answer): Decision {
  if (answer.allowed) {
    return {
      allowedBy: requirement,
      verdict: answer,
      denied: undefined,
      reported: reported.length === 0 ? NO_FAILURES : reported
    }
  }
  const failure: Failure = { requirement, answer }
  if (requirement.mode === 'enforce') return { allowedBy: undefined, verdict: undefined, denied: failure, reported }
  return { allowedBy, verdict, denied: undefined, reported: [...reported, failure] }
}
