import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/** The peer is known and no rule of the route allows it. Says nothing of the rules. */
export const MTLS_ERR_CLIENT_NOT_ALLOWED: FastifyErrorConstructor<{ code: 'MTLS_ERR_CLIENT_NOT_ALLOWED' }, []> =
  createError('MTLS_ERR_CLIENT_NOT_ALLOWED', 'This client is not allowed here', 403)

/** The request has no identity to judge. */
export const MTLS_ERR_CLIENT_UNIDENTIFIED: FastifyErrorConstructor<{ code: 'MTLS_ERR_CLIENT_UNIDENTIFIED' }, []> =
  createError('MTLS_ERR_CLIENT_UNIDENTIFIED', 'A client certificate is required', 401)

/** An option of the plugin, a scope or a route is wrong. */
export const MTLS_ERR_ALLOWED_CLIENTS_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_ALLOWED_CLIENTS_OPTION' }, [string]> =
  createError('MTLS_ERR_ALLOWED_CLIENTS_OPTION', 'Invalid allowedClients option: %s', 500, TypeError)

/** Routes were added before the plugin, which could not guard them. */
export const MTLS_ERR_ROUTES_BEFORE_PLUGIN: FastifyErrorConstructor<{ code: 'MTLS_ERR_ROUTES_BEFORE_PLUGIN' }, [string]> =
  createError('MTLS_ERR_ROUTES_BEFORE_PLUGIN', 'Routes were added before @peerkit/fastify-allowed-clients, which cannot guard them: register it first. Found:\n%s', 500)
