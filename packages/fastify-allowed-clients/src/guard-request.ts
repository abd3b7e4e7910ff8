import type { PeerIdentity } from '@peerkit/identity'
import type { FastifyRequest } from 'fastify'
import type { Channel } from 'node:diagnostics_channel'
import { requestAllowed, requestDenied, requestWouldDeny } from './channels.ts'
import { MTLS_ERR_CLIENT_NOT_ALLOWED, MTLS_ERR_CLIENT_UNIDENTIFIED } from './errors.ts'
import type { Decision, RouteJudge } from './judge-route.ts'

/** Lets a request through, or throws what the client is told: a code, and nothing of the rules. */
export function guardRequest (request: FastifyRequest, judge: RouteJudge): void | Promise<void> {
  const peer = (request as FastifyRequest & { optionalPeer: PeerIdentity | null }).optionalPeer
  if (peer === null) {
    // A route that answers clients without a certificate says so, and has no rules (a health probe).
    if (judge.route.requirements.length === 0 && (request.routeOptions.config as { clientCertificate?: string }).clientCertificate === 'optional') return
    conclude(request, judge, null, 'no_identity', undefined)
    return
  }
  const decision = judge.judge(peer, request)
  if (decision instanceof Promise) return decision.then((settled) => { take(request, judge, peer, settled) })
  take(request, judge, peer, decision)
}

function take (request: FastifyRequest, judge: RouteJudge, peer: PeerIdentity, decision: Decision): void {
  if (decision.allowed) {
    if (requestAllowed.hasSubscribers) publish(requestAllowed, request, peer, undefined, decision.requirement?.origin)
    return
  }
  conclude(request, judge, peer, decision.reason, decision)
}

function conclude (request: FastifyRequest, judge: RouteJudge, peer: PeerIdentity | null, reason: string, decision: Decision | undefined): void {
  const origin = decision?.requirement?.origin
  const explanation = peer === null ? undefined : decision?.requirement?.authorizer.explain(peer)
  const report = judge.route.mode === 'report'
  const line = { reason, origin, peer: peer?.toString(), fingerprint256: peer?.fingerprint256, explanation, remoteAddress: request.ip }
  request.log.warn(line, report ? 'client would be denied' : 'client denied')
  const channel = report ? requestWouldDeny : requestDenied
  if (channel.hasSubscribers) publish(channel, request, peer, reason, origin)
  if (report) return
  throw peer === null ? new MTLS_ERR_CLIENT_UNIDENTIFIED() : new MTLS_ERR_CLIENT_NOT_ALLOWED()
}

function publish (channel: Channel, request: FastifyRequest, peer: PeerIdentity | null, reason: string | undefined, origin: string | undefined): void {
  const { method, url, ip, is404, routeOptions } = request
  channel.publish({ v: 1, time: Date.now(), reason, origin, peer, method, url, route: is404 ? undefined : routeOptions.url, remoteAddress: ip })
}
