import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/** An option of `mtlsServerOptions`, of the plugin or of `injectAs` is wrong. */
export const MTLS_ERR_SERVER_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_SERVER_OPTION' }, [string]> =
  createError('MTLS_ERR_SERVER_OPTION', 'Invalid mTLS server option: %s', 500, TypeError)

/** The plugin stands on a server that does not ask for client certificates, or that judges none. */
export const MTLS_ERR_SERVER_NOT_MTLS: FastifyErrorConstructor<{ code: 'MTLS_ERR_SERVER_NOT_MTLS' }, [string]> =
  createError('MTLS_ERR_SERVER_NOT_MTLS', 'This server %s: make it with Fastify(mtlsServerOptions(credentials))', 500)

/** The request's connection has no identity. */
export const MTLS_ERR_PEER_MISSING: FastifyErrorConstructor<{ code: 'MTLS_ERR_PEER_MISSING' }, []> =
  createError('MTLS_ERR_PEER_MISSING', 'A client certificate is required', 401)

/** The connection's certificate was trusted once and is no longer: expired, revoked, or of a CA that was removed. */
export const MTLS_ERR_PEER_NO_LONGER_TRUSTED: FastifyErrorConstructor<{ code: 'MTLS_ERR_PEER_NO_LONGER_TRUSTED' }, []> =
  createError('MTLS_ERR_PEER_NO_LONGER_TRUSTED', 'The client certificate is no longer accepted', 401)
