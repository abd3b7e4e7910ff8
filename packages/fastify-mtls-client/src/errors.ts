import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/** An option of the plugin or of a service is wrong. */
export const MTLS_ERR_SERVICES_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_SERVICES_OPTION' }, [string]> =
  createError('MTLS_ERR_SERVICES_OPTION', 'Invalid services option: %s', 500, TypeError)
