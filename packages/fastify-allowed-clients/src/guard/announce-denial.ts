import { EMITTER, isAuditKept, requestDenied, requestWouldDeny } from '@peerkit/events'
import type { EventChannel, NearestRule, RequestJudgedMessage, RequestReason, RequestValueFound } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'
import { withoutQuery } from '@peerkit/identity/internal'
import { PredicateResultError } from '@peerkit/rules'
import type { FastifyRequest } from 'fastify'
import { ClientNotAllowedError, ClientUnidentifiedError } from '../errors.ts'
import type { Mode, Redaction } from '../plugin-options.ts'
import type { Failure } from './authorize-route.ts'

/** How long a decision took; undefined if nobody subscribes to the channel of allowed requests. */
export type Measured = Pick<RequestJudgedMessage, 'durationMs' | 'cached'>

/** The error for a client that is denied. */
export function denialFor (peer: PeerIdentity | null): ClientNotAllowedError | ClientUnidentifiedError {
  return peer === null ? new ClientUnidentifiedError() : new ClientNotAllowedError()
}

/** Logs and publishes a denial, or what would have been one. */
export function reportFailure (
  request: FastifyRequest,
  peer: PeerIdentity | null,
  { requirement, answer }: Failure,
  { measured, redact }: { readonly measured: Measured, readonly redact: Redaction }
): void {
  const report = requirement.mode === 'report-only'
  const channel = report ? requestWouldDeny : requestDenied
  // Finding the nearest rule visits all of them, so it is done only if the result is used.
  const nearest = peer !== null && (channel.hasSubscribers || writesLine(request))
    ? redactFound(requirement.policy.nearest(peer, request), redact)
    : undefined
  const { error } = answer as { readonly error?: unknown }
  announceDenial(
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
export function announceDenial (request: FastifyRequest, mode: Mode, denial: DenialFields, error?: unknown): void {
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
  const Denial = peer === null ? ClientUnidentifiedError : ClientNotAllowedError
  const line = {
    reason,
    rules,
    nearest,
    peer: peer?.toString(),
    fingerprint256: peer?.fingerprint256,
    method: request.method,
    path: withoutQuery(request.url),
    route: request.routeOptions.url,
    remoteAddress: request.ip,
    ...(mode === 'enforce' && { statusCode: Denial.statusCode })
  }
  request.log.warn(
    { ...line, ...describeFailure(error) },
    mode === 'report-only' ? 'client would be denied' : 'client denied'
  )
}

/** A function that throws is a bug of the app: its stack belongs in the log. That of a wrong answer is ours alone. */
function describeFailure (error: unknown): object {
  if (error === undefined) return {}
  return error instanceof PredicateResultError ? { detail: error.message } : { err: error }
}

export function publish (
  channel: EventChannel<RequestJudgedMessage>, request: FastifyRequest, denial: DenialFields
): void {
  if (!channel.hasSubscribers) return
  const { id, method, url, ip, routeOptions, server: { server } } = request
  const message: RequestJudgedMessage = {
    v: 1,
    time: Date.now(),
    [EMITTER]: () => server,
    ...denial,
    requestId: String(id),
    method,
    path: withoutQuery(url),
    route: routeOptions.url,
    remoteAddress: ip
  }
  channel.publish(message)
}

/** Stands for each value that is not stated. */
const REDACTED = '[redacted]'

/** What was found is replaced. Whether and how many values there are still helps to find the mistake. */
function redactFound (nearest: NearestRule | undefined, redact: Redaction): NearestRule | undefined {
  if (nearest === undefined || redact === 'none') return nearest
  const failed = nearest.failed.map((one) => {
    const isHidden = redact === 'all' || isAddress(one.key)
    return {
      ...one,
      ...(isHidden && one.found !== undefined && { found: one.found.map(() => REDACTED) }),
      ...(one.asked !== undefined && { asked: one.asked.map((asked) => redactAsked(asked, isHidden)) })
    }
  })
  return { ...nearest, failed }
}

/** Values of queries and headers may be secrets, and no other line has them. The path has the parameters anyway. */
function redactAsked (asked: RequestValueFound, isHidden: boolean): RequestValueFound {
  const isStated = asked.source === 'param' && !isHidden
  return isStated ? asked : { ...asked, values: asked.values.map(() => REDACTED) }
}

/** A user principal name has the form of an address. The key may be that of a rule within a rule: `not.email`. */
function isAddress (key: string): boolean { return /(?:^|\.)(?:email|upn|otherName)$/.test(key) }
