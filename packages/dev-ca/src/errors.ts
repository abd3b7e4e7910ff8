import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/** An option is wrong. The message says which, what was found and what was expected. */
export const MTLS_ERR_DEV_CA_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_DEV_CA_OPTION' }, [string]> =
  createError('MTLS_ERR_DEV_CA_OPTION', 'Invalid option: %s', 500, TypeError)

/** The folder of a CA is missing, incomplete, damaged or locked, or a file would be overwritten. */
export const MTLS_ERR_DEV_CA_STATE: FastifyErrorConstructor<{ code: 'MTLS_ERR_DEV_CA_STATE' }, [string]> =
  createError('MTLS_ERR_DEV_CA_STATE', 'Development CA: %s', 500)
