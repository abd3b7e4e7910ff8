import type { PeerIdentity } from '@peerkit/identity'
import type { FastifyRequest } from 'fastify'
import type { Channel } from 'node:diagnostics_channel'
import type { RequestRefusalReason } from './audience.ts'
import { requestAllowed, requestDenied, requestWouldDeny } from './channels.ts'
import type { RequestJudgedMessage } from './channels.ts'
import { MTLS_ERR_CLIENT_NOT_ALLOWED, MTLS_ERR_CLIENT_UNIDENTIFIED } from './errors.ts'
import { judgeRoute } from './judge-route.ts'
import type { Decision, Failure, RouteJudge } from './judge-route.ts'

/**
 * Lets a request through, or throws what the client is told: a code, and nothing of the rules.
 *
 * @param judgeOf the judge of the request's route under the rules in force
 */
export function guardRequest (request: FastifyRequest, judgeOf: (request: FastifyRequest) => RouteJudge): void | Promise<void> {
  const peer = peerOf(request)
  const judge = judgeOf(request)
  const decision = judgeRoute(judge.route, peer, request)
  if (!(decision instanceof Promise)) {
    take(request, judge, peer, decision)
    return
  }
  return decision.then((settled) => {
    // The rules were reloaded while a predicate was asked: what they said before is no longer true.
    if (judgeOf(request) !== judge) return guardRequest(request, judgeOf)
    take(request, judge, peer, settled)
  })
}

export function peerOf (request: FastifyRequest): PeerIdentity | null {
  return (request as FastifyRequest & { optionalPeer: PeerIdentity | null | undefined }).optionalPeer ?? null
}

function take (request: FastifyRequest, { counts }: RouteJudge, peer: PeerIdentity | null, decision: Decision): void {
  const { denied, reported } = decision
  if (denied !== undefined) {
    counts.denied++
    tell(request, peer, denied)
    throw peer === null ? new MTLS_ERR_CLIENT_UNIDENTIFIED() : new MTLS_ERR_CLIENT_NOT_ALLOWED()
  }
  if (reported.length > 0) {
    counts.wouldDeny++
    for (const failure of reported) tell(request, peer, failure)
    return
  }
  counts.allowed++
  if (requestAllowed.hasSubscribers) publishAllowed(request, peer, decision)
}

function publishAllowed (request: FastifyRequest, peer: PeerIdentity | null, { allowedBy, verdict }: Decision): void {
  publish(requestAllowed, request, { peer, reason: undefined, rules: allowedBy?.origin, rule: verdict?.rule, group: verdict?.group, nearest: undefined })
}

/** Logs a refusal, or what would have been one, and publishes it. */
function tell (request: FastifyRequest, peer: PeerIdentity | null, { requirement, answer }: Failure): void {
  const report = requirement.mode === 'report'
  const nearest = peer === null ? undefined : requirement.audience.nearest(peer)
  const { error } = answer as { readonly error?: unknown }
  announceRefusal(request, report ? 'report' : 'enforce', { peer, reason: answer.reason, rules: requirement.origin, rule: undefined, group: undefined, nearest }, error)
}

type Judged = Pick<RequestJudgedMessage, 'peer' | 'reason' | 'rules' | 'rule' | 'group' | 'nearest'> & { readonly reason: RequestRefusalReason | undefined }

/** The audit line of a refusal, with stable field names, and its message. */
export function announceRefusal (request: FastifyRequest, mode: 'report' | 'enforce', judged: Judged, error?: unknown): void {
  const { reason, rules, nearest, peer } = judged
  const line = { reason, rules, nearest, peer: peer?.toString(), fingerprint256: peer?.fingerprint256, method: request.method, route: request.routeOptions.url, remoteAddress: request.ip }
  // A predicate that throws is a bug of the app's own: its stack belongs in the log.
  request.log.warn(error === undefined ? line : { ...line, err: error }, mode === 'report' ? 'client would be denied' : 'client denied')
  publish(mode === 'report' ? requestWouldDeny : requestDenied, request, judged)
}

function publish (channel: Channel, request: FastifyRequest, judged: Judged): void {
  if (!channel.hasSubscribers) return
  const { id, method, url, ip, routeOptions } = request
  // The query may hold secrets of the client's; under `useSemicolonDelimiter` it begins with a semicolon.
  const [path = ''] = url.split(/[?;]/, 1)
  const message: RequestJudgedMessage = { v: 1, time: Date.now(), ...judged, requestId: String(id), method, path, route: routeOptions.url, remoteAddress: ip }
  channel.publish(message)
}
