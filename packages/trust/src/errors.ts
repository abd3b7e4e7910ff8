import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/** An option or an argument is missing, unknown or invalid. */
export const MTLS_ERR_PATH_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_PATH_OPTION' }, [string]> =
  createError('MTLS_ERR_PATH_OPTION', 'Invalid trust option: %s', 500, TypeError)

/** `createPathValidator` cannot get or read the trust anchors, or there are none. */
export const MTLS_ERR_PATH_ANCHORS: FastifyErrorConstructor<{ code: 'MTLS_ERR_PATH_ANCHORS' }, [string]> =
  createError('MTLS_ERR_PATH_ANCHORS', 'No usable trust anchors: %s', 500)
