import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'
import { ClientError } from '@peerkit/identity/internal'

/** The options of {@link createForwardedReader} are wrong. */
export const MTLS_ERR_FORWARDED_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_FORWARDED_OPTION' }, [string]> =
  createError('MTLS_ERR_FORWARDED_OPTION', 'Invalid forwarded option: %s', 500)

/** A request carries a forwarded client certificate that must not be believed. */
export const MTLS_ERR_FORWARDED_REFUSED: FastifyErrorConstructor<{ code: 'MTLS_ERR_FORWARDED_REFUSED' }, []> =
  createError('MTLS_ERR_FORWARDED_REFUSED', 'Forwarded client certificate refused', 401, ClientError)
