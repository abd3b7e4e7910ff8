import { requestAllowed } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'
import { dropRequestLog, isThenable, releaseRequestLog } from '@peerkit/identity/internal'
import type { FastifyRequest } from 'fastify'
import type { RoutePolicy } from '../policy/route-requirements.ts'
import { denialFor, publish, reportFailure } from './announce-denial.ts'
import type { Measured } from './announce-denial.ts'
import { authorizeRoute } from './authorize-route.ts'
import type { Decision } from './authorize-route.ts'
import { noteGroup } from './peer-groups.ts'

/**
 * Authorizes a request, or throws the error for the client, which reveals nothing about the rules.
 *
 * @param policyOf returns the policy of the request's route under the current rules
 */
export function authorizeRequest (
  request: FastifyRequest, policyOf: (request: FastifyRequest) => RoutePolicy
): void | Promise<void> {
  const peer = peerOf(request)
  const policy = policyOf(request)
  // Requests are timed only if someone subscribes to allowed ones.
  const timing = requestAllowed.hasSubscribers ? startTiming(policy, peer) : undefined
  const decision = authorizeRoute(policy.route, peer, request)
  if (!isThenable(decision)) {
    conclude(request, policy, peer, decision, timing)
    return
  }
  return decision.then((settled) => {
    // The rules were reloaded while a function was running, so its answer is outdated.
    if (policyOf(request) !== policy) return authorizeRequest(request, policyOf)
    conclude(request, policy, peer, settled, timing)
  })
}

/** Present only if the channel has subscribers. */
interface Timing { readonly begun: number, readonly cached: boolean }

function startTiming ({ route }: RoutePolicy, peer: PeerIdentity | null): Timing {
  return { cached: route.requirements.every(({ policy }) => policy.remembers(peer)), begun: performance.now() }
}

function endTiming (timing: Timing | undefined): Measured {
  return timing === undefined
    ? { durationMs: undefined, cached: undefined }
    : { durationMs: performance.now() - timing.begun, cached: timing.cached }
}

export function peerOf (request: FastifyRequest): PeerIdentity | null {
  return (request as FastifyRequest & { optionalPeer: PeerIdentity | null | undefined }).optionalPeer ?? null
}

function conclude (
  request: FastifyRequest,
  { counts, redact }: RoutePolicy,
  peer: PeerIdentity | null,
  decision: Decision,
  timing: Timing | undefined
): void {
  const { denied, reported } = decision
  const measured = endTiming(timing)
  if (denied !== undefined) {
    counts.denied++
    dropRequestLog(request)
    reportFailure(request, peer, denied, { measured, redact })
    throw denialFor(peer)
  }
  releaseRequestLog(request)
  if (reported.length > 0) {
    counts.wouldDeny++
    for (const failure of reported) reportFailure(request, peer, failure, { measured, redact })
    return
  }
  counts.allowed++
  noteGroup(request, decision.verdict?.group)
  if (requestAllowed.hasSubscribers) publishAllowed(request, peer, decision, measured)
}

function publishAllowed (
  request: FastifyRequest, peer: PeerIdentity | null, { allowedBy, verdict }: Decision, measured: Measured
): void {
  publish(requestAllowed, request, {
    peer,
    reason: undefined,
    rules: allowedBy?.origin,
    rule: verdict?.rule,
    group: verdict?.group,
    nearest: undefined,
    ...measured
  })
}
