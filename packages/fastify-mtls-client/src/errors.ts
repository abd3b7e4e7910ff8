import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/** An option of the plugin, of a service or of a call is wrong. */
export const MTLS_ERR_SERVICES_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_SERVICES_OPTION' }, [string]> =
  createError('MTLS_ERR_SERVICES_OPTION', 'Invalid services option: %s', 500, TypeError)

/** A service is who is meant, and says that it cannot serve. */
export const MTLS_ERR_SERVICES_NOT_READY: FastifyErrorConstructor<{ code: 'MTLS_ERR_SERVICES_NOT_READY' }, [string, string]> =
  createError('MTLS_ERR_SERVICES_NOT_READY', 'The service %s is not ready: it answers %s', 503)
