import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/** An option of `createForwardedReader` is wrong. The message names it. */
export const MTLS_ERR_FORWARDED_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_FORWARDED_OPTION' }, [string]> =
  createError('MTLS_ERR_FORWARDED_OPTION', 'Invalid forwarded option: %s', 500, TypeError)
