import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import { MTLS_ERR_SERVER_OPTION } from './errors.ts'

type App = FastifyInstance<any, any, any, any>

/**
 * Refuses `corsPreflights` where it has no effect.
 *
 * @param routes those that were seen
 * @throws MTLS_ERR_SERVER_OPTION
 */
export function checkPreflights (
  app: App, routes: ReadonlyArray<{ readonly instance: object, readonly route: RouteOptions }>, isRequired: boolean
): void {
  if (isRequired) {
    throw new MTLS_ERR_SERVER_OPTION(
      'corsPreflights is true, but the server refuses clients without a certificate in the handshake; expected ' +
        "withMtls(credentials, { mtls: { clientCertificate: 'optional' } }), or no corsPreflights"
    )
  }
  const isCors = ({ method, url }: RouteOptions): boolean => [method].flat().includes('OPTIONS') && url.endsWith('*')
  const isOfCors = (instance: object): boolean => (instance as App).hasRequestDecorator('corsPreflightEnabled')
  // Its route may have been added before this plugin, where it was not seen.
  if (isOfCors(app)) return
  if (routes.some(({ instance, route }) => isCors(route) && isOfCors(instance))) return
  throw new MTLS_ERR_SERVER_OPTION(
    'corsPreflights is true, but the app has no route OPTIONS * of @fastify/cors; expected ' +
      'await app.register(cors, …), or no corsPreflights'
  )
}

/**
 * Whether a request is a CORS preflight, which browsers send without a certificate (Fetch standard), and reached the
 * route that @fastify/cors adds for them. Its answer does not depend on what the URL leads to. An OPTIONS route of the
 * app itself is never meant, nor one with its own rules.
 */
export function isPreflight (request: FastifyRequest): boolean {
  const { method, headers, is404, routeOptions: { url, config } } = request
  if (method !== 'OPTIONS' || is404 || url?.endsWith('*') !== true || !('corsPreflightEnabled' in request)) return false
  if (config.clientCertificate !== undefined || 'allowedClients' in config) return false
  return isGiven(headers.origin) && isGiven(headers['access-control-request-method'])
}

function isGiven (value: unknown): boolean { return typeof value === 'string' && value !== '' }
