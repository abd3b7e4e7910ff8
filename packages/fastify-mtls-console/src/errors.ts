import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/** An option is missing or wrong, or the plugin that protects the console is not registered. */
export const MTLS_ERR_CONSOLE_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_CONSOLE_OPTION' }, [string]> =
  createError('MTLS_ERR_CONSOLE_OPTION', 'Invalid console option: %s', 500, TypeError)

/** The pasted certificate cannot be checked. `reason` is a {@link WhatIfRefusal}. The message never has pasted text. */
export const MTLS_ERR_CONSOLE_WHAT_IF: FastifyErrorConstructor<{ code: 'MTLS_ERR_CONSOLE_WHAT_IF' }, [string]> =
  createError('MTLS_ERR_CONSOLE_WHAT_IF', 'The certificate cannot be checked: %s', 400)

/**
 * Why a request to What if was refused.
 *
 * - `private_key`: it has a private key. Nothing was parsed.
 * - `no_certificate`: it has no PEM certificate.
 * - `unreadable`: a certificate is damaged.
 * - `too_many`: more than ten certificates.
 * - `too_large`: more than 64 KiB.
 * - `foreign_origin`: a page of another site sent it.
 * - `malformed`: the body is not a form or JSON with `certificate`.
 */
export type WhatIfRefusal = 'private_key'
  | 'no_certificate'
  | 'unreadable'
  | 'too_many'
  | 'too_large'
  | 'foreign_origin'
  | 'malformed'

/** An error with the code `MTLS_ERR_CONSOLE_WHAT_IF`. */
export interface WhatIfError extends Error {
  readonly code: 'MTLS_ERR_CONSOLE_WHAT_IF'
  readonly statusCode: number
  readonly reason: WhatIfRefusal
}

const STATUS: Readonly<Partial<Record<WhatIfRefusal, number>>> = { foreign_origin: 403, too_large: 413 }

/** Creates an `MTLS_ERR_CONSOLE_WHAT_IF` with its reason. */
export function refuseWhatIf (reason: WhatIfRefusal, message: string): WhatIfError {
  return Object.assign(new MTLS_ERR_CONSOLE_WHAT_IF(message), {
    reason,
    statusCode: STATUS[reason] ?? 400
  }) as WhatIfError
}
