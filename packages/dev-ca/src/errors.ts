import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/** An option is wrong. */
export const MTLS_ERR_DEV_CA_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_DEV_CA_OPTION' }, [string]> =
  createError('MTLS_ERR_DEV_CA_OPTION', 'Invalid option: %s', 500, TypeError)

/** A CA's folder is missing, not whole, or would be overwritten. */
export const MTLS_ERR_DEV_CA_STATE: FastifyErrorConstructor<{ code: 'MTLS_ERR_DEV_CA_STATE' }, [string]> =
  createError('MTLS_ERR_DEV_CA_STATE', 'Development CA: %s', 500)
