import { IS_PREFLIGHT } from '@peerkit/identity/internal'
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import { PeerMissingError, ServerOptionError } from '../errors.ts'
import { peerOfRequest } from './request-peer.ts'

type App = FastifyInstance<any, any, any, any>

/**
 * Refuses `corsPreflights` where it has no effect.
 *
 * @param routes those that were seen
 * @throws ServerOptionError
 */
export function checkPreflights (
  app: App, routes: ReadonlyArray<{ readonly instance: object, readonly route: RouteOptions }>, isRequired: boolean
): void {
  if (isRequired) {
    throw new ServerOptionError(
      'corsPreflights is true, but the server refuses clients without a certificate in the handshake; expected ' +
        "withMtls(credentials, { mtls: { clientCertificate: 'optional' } }), or no corsPreflights"
    )
  }
  const isCors = ({ method, url }: RouteOptions): boolean => [method].flat().includes('OPTIONS') && url.endsWith('*')
  const isOfCors = (instance: object): boolean => (instance as App).hasRequestDecorator('corsPreflightEnabled')
  // Its route may have been added before this plugin, where it was not seen.
  if (isOfCors(app)) return
  if (routes.some(({ instance, route }) => isCors(route) && isOfCors(instance))) return
  throw new ServerOptionError(
    'corsPreflights is true, but the app has no route OPTIONS * of @fastify/cors; expected ' +
      'await app.register(cors, …), or no corsPreflights'
  )
}

/**
 * Answers CORS preflights, which browsers send without a certificate (Fetch standard). The onRequest hook of
 * `@fastify/cors` answers them, so nothing else runs for one: if that hook lets it pass, for an origin that is not
 * allowed, it is refused before its body is read and before any handler.
 */
export function answerPreflights (app: FastifyInstance): void {
  const exempted = new WeakSet<object>()
  // The rules of fastify-allowed-clients do not apply to them.
  Object.defineProperty(app, IS_PREFLIGHT, {
    value: (request: FastifyRequest): boolean => {
      if (!isPreflight(request)) return false
      exempted.add(request.raw)
      return true
    }
  })
  app.addHook('preParsing', (request, reply, _payload, done) => {
    if (!exempted.has(request.raw)) {
      done()
      return
    }
    if (peerOfRequest(request.raw) === null) {
      done(new PeerMissingError())
      return
    }
    const message = '@fastify/cors did not answer this preflight'
    reply.code(404).send({ statusCode: 404, error: 'Not Found', message })
  })
}

/**
 * Whether a request is a CORS preflight that reached a route for OPTIONS alone, such as the one that `@fastify/cors`
 * adds. A route with rules of its own is never meant.
 */
function isPreflight (request: FastifyRequest): boolean {
  const { method, headers, is404, routeOptions: { url, config, method: methods } } = request
  if (method !== 'OPTIONS' || is404 || url?.endsWith('*') !== true || !('corsPreflightEnabled' in request)) return false
  if (String(methods) !== 'OPTIONS') return false
  if (config.clientCertificate !== undefined || 'allowedClients' in config) return false
  return isGiven(headers.origin) && isGiven(headers['access-control-request-method'])
}

function isGiven (value: unknown): boolean { return typeof value === 'string' && value !== '' }
