import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'
import { ClientError } from '@peerkit/identity/internal'

/** An option of `createForwardedReader` is wrong. The message names it. */
export const MTLS_ERR_FORWARDED_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_FORWARDED_OPTION' }, [string]> =
  createError('MTLS_ERR_FORWARDED_OPTION', 'Invalid forwarded option: %s', 500, TypeError)

/** A forwarded client certificate was refused. Answers 401. */
export const MTLS_ERR_FORWARDED_REFUSED: FastifyErrorConstructor<{ code: 'MTLS_ERR_FORWARDED_REFUSED' }, []> =
  createError('MTLS_ERR_FORWARDED_REFUSED', 'Forwarded client certificate refused', 401, ClientError, false)
