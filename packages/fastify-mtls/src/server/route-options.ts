import { checkOption } from '@peerkit/identity/internal'
import type { RouteOptions } from 'fastify'
import { ServerOptionError } from '../errors.ts'
import { CLIENT_CERTIFICATE } from './server-options.ts'

/** Misspelt names of `clientCertificate`, which would have no effect. */
const NEAR_MISS = /^client[-_]?cert(?:s|ificates?|if[a-z]{3,8})?$/i

/** The name of a route in errors, such as `GET /invoices`. */
export function nameRoute ({ method, url }: Pick<RouteOptions, 'method' | 'url'>): string {
  return `${[method].flat().join(',')} ${url}`
}

/** Refuses `clientCertificate` where it would have no effect. @throws ServerOptionError naming the route */
export function checkRouteOptions (route: RouteOptions): void {
  const name = nameRoute(route)
  if ('clientCertificate' in route) {
    throw new ServerOptionError(
      `${name}: found clientCertificate beside config; expected it inside: { config: { clientCertificate: ` +
        '\'optional\' } }'
    )
  }
  const config = (route.config ?? {}) as { clientCertificate?: unknown }
  for (const key of Object.keys(config)) {
    if (key === 'clientCertificate' || !NEAR_MISS.test(key)) continue
    throw new ServerOptionError(`${name}: unknown key "${key}" of config; did you mean "clientCertificate"?`)
  }
  if (config.clientCertificate === 'none') {
    throw new ServerOptionError(
      `${name}: config.clientCertificate is "none"; expected "optional", which answers clients without a ` +
        'certificate too'
    )
  }
  const where = `${name}: config.clientCertificate`
  checkOption(config.clientCertificate, CLIENT_CERTIFICATE, where, ServerOptionError)
}
