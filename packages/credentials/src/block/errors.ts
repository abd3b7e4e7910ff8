import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/** A list of blocked certificates is invalid; `reason` says why. */
export const MTLS_ERR_BLOCK_LIST_INVALID: FastifyErrorConstructor<{ code: 'MTLS_ERR_BLOCK_LIST_INVALID' }, [string]> =
  createError('MTLS_ERR_BLOCK_LIST_INVALID', 'Invalid block list: %s', 500)

/**
 * Why a list was refused.
 *
 * - `unreadable`: the file is missing or cannot be read.
 * - `too_large`: more bytes or entries than the limit.
 * - `malformed`: the file is neither YAML nor JSON.
 * - `structure`: a key or value is missing, unknown or wrong.
 */
export type BlockListInvalidReason = 'unreadable' | 'too_large' | 'malformed' | 'structure'

/** The properties of `MTLS_ERR_BLOCK_LIST_INVALID`. */
export interface BlockListInvalidError extends Error {
  readonly code: 'MTLS_ERR_BLOCK_LIST_INVALID'
  readonly reason: BlockListInvalidReason
}

/** Makes the error. `what` names the option, the file and the place, what was found and what was expected. */
export function invalidList (reason: BlockListInvalidReason, what: string, cause?: unknown): BlockListInvalidError {
  return Object.assign(new MTLS_ERR_BLOCK_LIST_INVALID(what), { reason }, cause === undefined ? {} : { cause })
}
