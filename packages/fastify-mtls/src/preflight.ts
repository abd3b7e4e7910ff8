import type { FastifyRequest } from 'fastify'

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
