import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/** An option of the monitor is missing or wrong. The message says which, what was found and what was expected. */
export const MTLS_ERR_MONITOR_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_MONITOR_OPTION' }, [string]> =
  createError('MTLS_ERR_MONITOR_OPTION', 'Invalid monitor option: %s', 500, TypeError)
