import { EMITTER, isAuditKept, requestDenied } from '@peerkit/events'
import {
  IDENTIFIES, IS_PREFLIGHT, IS_PUBLIC, closeUpgrade, dropRequestLog, isThenable, listHooks, releaseRequestLog
} from '@peerkit/identity/internal'
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import { pathOf, routeUpgrade } from '../connection/upgrade-watch.ts'
import { ForwardedRefusedError, PeerMissingError, ServerOptionError } from '../errors.ts'
import type { ForwardedPeers } from '../forwarded/forwarded-peer.ts'
import { assignedPeer, markIdentified, peerOfRequest } from './request-peer.ts'

/**
 * Decorates requests with the peer. Answers 401 if a route needs a peer and the request has none.
 *
 * @returns the hook that does so
 */
export function identifyRequests (app: FastifyInstance, forwarded: ForwardedPeers | undefined): onRequestHookHandler {
  // With a gateway the peer is known only after its headers were read.
  const findPeer = forwarded === undefined ? peerOfRequest : assignedPeer
  app.decorateRequest('optionalPeer', { getter (this: FastifyRequest) { return findPeer(this.raw) } } as any)
  app.decorateRequest('peer', {
    getter (this: FastifyRequest) {
      const peer = findPeer(this.raw)
      if (peer === null) throw new PeerMissingError()
      return peer
    }
  } as any)

  const findRefusal = (request: FastifyRequest, believed: boolean): Error | undefined => {
    if (!believed) return new ForwardedRefusedError()
    return findPeer(request.raw) === null && !mayBeAnonymous(request) ? new PeerMissingError() : undefined
  }
  const finish = (
    request: FastifyRequest, reply: FastifyReply, believed: boolean, done: (error?: Error) => void
  ): void => {
    const refusal = findRefusal(request, believed)
    if (refusal !== undefined) {
      dropRequestLog(request)
      // A refused header has its own line.
      if (believed) denyAnonymous(request)
      closeUpgrade(request, reply)
    } else if (!(IS_PUBLIC in app)) releaseRequestLog(request)
    done(refusal)
  }
  const identify: onRequestHookHandler = (request, reply, done) => {
    if (request.raw.headers.upgrade !== undefined) routeUpgrade(request.raw, reply.raw)
    const believed = forwarded === undefined || forwarded.take(request)
    if (isThenable(believed)) believed.then((settled) => { finish(request, reply, settled, done) }).catch(done)
    else finish(request, reply, believed, done)
  }
  // Marks the hook that identifies the peer, so that authorization hooks can be placed directly behind it.
  app.addHook('onRequest', Object.assign(identify, { [IDENTIFIES]: true }))
  markIdentified(app.server)
  return identify
}

/**
 * Moves a hook ahead of the onRequest hooks that were added before, in an instance and in those encapsulated in it. One
 * of them may answer, such as a hook of a cache, and would answer strangers.
 *
 * @throws ServerOptionError if this version of Fastify keeps its hooks in an unknown way
 */
export function runFirst (app: FastifyInstance, hook: onRequestHookHandler): void {
  const lists = listHooks(app, (message) => new ServerOptionError(
    `${message}; a hook that was added before @peerkit/fastify-mtls would answer clients without a certificate`
  ))
  for (const { onRequest } of lists) {
    onRequest.splice(0, onRequest.length, hook, ...onRequest.filter((each) => each !== hook))
  }
}

/** Whether a route answers clients without a certificate. */
function mayBeAnonymous (request: FastifyRequest): boolean {
  const { clientCertificate } = request.routeOptions.config
  if (clientCertificate !== undefined) return clientCertificate === 'optional'
  const { [IS_PUBLIC]: isPublic, [IS_PREFLIGHT]: isAnswered } = request.server as {
    [name in typeof IS_PUBLIC | typeof IS_PREFLIGHT]?: (request: FastifyRequest) => boolean
  }
  return isPublic?.(request) === true || isAnswered?.(request) === true
}

/** Logs and publishes a denial of a request without a certificate. The field names are those of all denials. */
function denyAnonymous (request: FastifyRequest): void {
  const { id, method, url, ip, log, routeOptions, server: { server } } = request
  const path = pathOf(url)
  const common = { reason: 'no_identity', method, path, route: routeOptions.url, remoteAddress: ip } as const
  if (!isAuditKept(server)) log.warn({ ...common, statusCode: 401 }, 'client denied')
  if (!requestDenied.hasSubscribers) return
  requestDenied.publish({
    v: 1,
    time: Date.now(),
    [EMITTER]: () => server,
    ...common,
    rules: undefined,
    rule: undefined,
    group: undefined,
    nearest: undefined,
    peer: null,
    requestId: String(id)
  })
}
