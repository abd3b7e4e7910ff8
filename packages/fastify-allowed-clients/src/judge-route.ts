import type { PeerIdentity } from '@peerkit/identity'
import type { Verdict } from '@peerkit/rules'
import type { GuardedRoute, Requirement } from './guarded-route.ts'

export type Decision =
  | { readonly allowed: true, readonly requirement: Requirement | undefined, readonly verdict: Verdict | undefined }
  | { readonly allowed: false, readonly requirement: Requirement | undefined, readonly verdict: Verdict | undefined, readonly reason: string }

const OPEN: Decision = Object.freeze({ allowed: true, requirement: undefined, verdict: undefined })
const UNRULED: Decision = Object.freeze({ allowed: false, requirement: undefined, verdict: undefined, reason: 'no_rule' })

/**
 * Decides on a route for a peer: every requirement must allow. A decision without predicates depends on the peer alone and is remembered with it, so that the next request of the
 * same connection pays two look-ups.
 */
export class RouteJudge {
  readonly route: GuardedRoute
  readonly #remembered = new WeakMap<PeerIdentity, Decision>()
  readonly #rememberable: boolean

  constructor (route: GuardedRoute) {
    this.route = route
    this.#rememberable = route.requirements.every(({ authorizer }) => !authorizer.isAsync)
  }

  judge (peer: PeerIdentity, request: unknown): Decision | Promise<Decision> {
    const known = this.#remembered.get(peer)
    if (known !== undefined) return known
    const { requirements, open } = this.route
    if (requirements.length === 0) return open ? OPEN : UNRULED
    const decision = judgeFrom(requirements, 0, peer, request)
    if (!(decision instanceof Promise) && this.#rememberable) this.#remembered.set(peer, decision)
    return decision
  }
}

function judgeFrom (requirements: readonly Requirement[], start: number, peer: PeerIdentity, request: unknown): Decision | Promise<Decision> {
  let last: Decision = UNRULED
  for (let index = start; index < requirements.length; index += 1) {
    const requirement = requirements[index]
    if (requirement === undefined) break
    const verdict = requirement.authorizer.authorize(peer, request)
    if (verdict instanceof Promise) {
      return verdict.then((settled) => {
        const decision = decide(requirement, settled)
        return decision.allowed && index + 1 < requirements.length ? judgeFrom(requirements, index + 1, peer, request) : decision
      })
    }
    last = decide(requirement, verdict)
    if (!last.allowed) return last
  }
  return last
}

function decide (requirement: Requirement, verdict: Verdict): Decision {
  return verdict.allowed ? { allowed: true, requirement, verdict } : { allowed: false, requirement, verdict, reason: verdict.reason }
}
