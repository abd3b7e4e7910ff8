import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/** An option of the plugin, of a service or of a call is wrong. */
export const MTLS_ERR_SERVICES_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_SERVICES_OPTION' }, [string]> =
  createError('MTLS_ERR_SERVICES_OPTION', 'Invalid services option: %s', 500, TypeError)

/** The expected service answered `ready()` with a status of 500 or more. */
export const MTLS_ERR_SERVICES_NOT_READY: FastifyErrorConstructor<
  { code: 'MTLS_ERR_SERVICES_NOT_READY' }, [string, string]
> =
  createError('MTLS_ERR_SERVICES_NOT_READY', 'The service %s is not ready: it answered %s', 503)

/** The service did not answer within its option `timeout`, body included. `cause` is the timer's `TimeoutError`. */
export const MTLS_ERR_SERVICES_TIMEOUT: FastifyErrorConstructor<
  { code: 'MTLS_ERR_SERVICES_TIMEOUT' }, [string, string]
> =
  createError('MTLS_ERR_SERVICES_TIMEOUT', 'The service %s did not answer within %s ms (its option timeout)', 504)
