import { EMITTER, isAuditKept, requestDenied } from '@peerkit/events'
import type { FastifyRequest } from 'fastify'

/** Logs and publishes a denial of a request without a certificate. The field names are those of all denials. */
export function denyAnonymous (request: FastifyRequest): void {
  const { id, method, url, ip, log, routeOptions, server: { server } } = request
  // The query may hold secrets. With `useSemicolonDelimiter` it begins with a semicolon.
  const [path = ''] = url.split(/[?;]/, 1)
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
