import { EMITTER, isAuditKept } from '@peerkit/events'
import type { EventChannel } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'
import { dropRequestLog, isThenable, releaseRequestLog } from '@peerkit/identity/internal'
import type { FastifyRequest } from 'fastify'
import type { Mode } from './allowed-clients.ts'
import type { RequestReason } from './access-policy.ts'
import { requestAllowed, requestDenied, requestWouldDeny } from './channels.ts'
import type { RequestJudgedMessage } from './channels.ts'
import { ClientNotAllowedError, ClientUnidentifiedError } from './errors.ts'
import { authorizeRoute } from './authorize-route.ts'
import { redactFound } from './redact-found.ts'
import type { Redaction } from './redact-found.ts'
import type { Decision, Failure, RoutePolicy } from './authorize-route.ts'

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

/** The timing fields of a message. */
type Measured = Pick<RequestJudgedMessage, 'durationMs' | 'cached'>

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
    throw peer === null ? new ClientUnidentifiedError() : new ClientNotAllowedError()
  }
  releaseRequestLog(request)
  if (reported.length > 0) {
    counts.wouldDeny++
    for (const failure of reported) reportFailure(request, peer, failure, { measured, redact })
    return
  }
  counts.allowed++
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

/** Logs and publishes a denial, or what would have been one. */
function reportFailure (
  request: FastifyRequest,
  peer: PeerIdentity | null,
  { requirement, answer }: Failure,
  { measured, redact }: { readonly measured: Measured, readonly redact: Redaction }
): void {
  const report = requirement.mode === 'report-only'
  const channel = report ? requestWouldDeny : requestDenied
  // Finding the nearest rule visits all of them, so it is done only if the result is used.
  const nearest = peer !== null && (channel.hasSubscribers || writesLine(request))
    ? redactFound(requirement.policy.nearest(peer), redact)
    : undefined
  const { error } = answer as { readonly error?: unknown }
  announceRefusal(
    request,
    requirement.mode,
    { peer, reason: answer.reason, rules: requirement.origin, rule: undefined, group: undefined, nearest, ...measured },
    error
  )
}

type DenialFields = Pick<
  RequestJudgedMessage, 'peer' | 'reason' | 'rules' | 'rule' | 'group' | 'nearest'
> & Measured & { readonly reason: RequestReason | undefined }

/** Logs a denial, with stable field names, and publishes it. */
export function announceRefusal (request: FastifyRequest, mode: Mode, denial: DenialFields, error?: unknown): void {
  if (error !== undefined || writesLine(request)) writeLine(request, mode, denial, error)
  publish(mode === 'report-only' ? requestWouldDeny : requestDenied, request, denial)
}

/** Whether to write a log line. An audit log writes its own lines and limits them. */
function writesLine ({ log, server: { server } }: FastifyRequest): boolean {
  return !isAuditKept(server) &&
    ((log as { isLevelEnabled?: (level: string) => boolean }).isLevelEnabled?.('warn') ?? true)
}

function writeLine (
  request: FastifyRequest, mode: Mode, { reason, rules, nearest, peer }: DenialFields, error: unknown
): void {
  const line = {
    reason,
    rules,
    nearest,
    peer: peer?.toString(),
    fingerprint256: peer?.fingerprint256,
    method: request.method,
    path: pathOf(request.url),
    route: request.routeOptions.url,
    remoteAddress: request.ip,
    ...(mode === 'enforce' && { statusCode: peer === null ? 401 : 403 })
  }
  request.log.warn(
    { ...line, ...describeFailure(error) },
    mode === 'report-only' ? 'client would be denied' : 'client denied'
  )
}

/** A function that throws is a bug of the app: its stack belongs in the log. That of a wrong answer is ours alone. */
function describeFailure (error: unknown): object {
  if (error === undefined) return {}
  const { code, message } = error as { code?: unknown, message?: unknown }
  return code === 'MTLS_ERR_PREDICATE_RESULT' ? { detail: message } : { err: error }
}

function publish (channel: EventChannel<RequestJudgedMessage>, request: FastifyRequest, denial: DenialFields): void {
  if (!channel.hasSubscribers) return
  const { id, method, url, ip, routeOptions, server: { server } } = request
  const message: RequestJudgedMessage = {
    v: 1,
    time: Date.now(),
    [EMITTER]: () => server,
    ...denial,
    requestId: String(id),
    method,
    path: pathOf(url),
    route: routeOptions.url,
    remoteAddress: ip
  }
  channel.publish(message)
}

/** The query may hold secrets. With `useSemicolonDelimiter` it begins with a semicolon. */
function pathOf (url: string): string { return url.split(/[?;]/, 1)[0] ?? '' }
