import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/** An option of the plugin is missing or wrong, or it stands where it cannot be guarded. */
export const MTLS_ERR_CONSOLE_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_CONSOLE_OPTION' }, [string]> =
  createError('MTLS_ERR_CONSOLE_OPTION', 'Invalid console option: %s', 500, TypeError)

/** What was pasted cannot be judged. Carries `reason`, see {@link WhatIfRefusal}. Never holds any of what was pasted. */
export const MTLS_ERR_CONSOLE_WHAT_IF: FastifyErrorConstructor<{ code: 'MTLS_ERR_CONSOLE_WHAT_IF' }, [string]> =
  createError('MTLS_ERR_CONSOLE_WHAT_IF', 'The certificate cannot be judged: %s', 400)

/**
 * Why a question was refused.
 *
 * - `private_key`: it holds a private key. It was not looked at further.
 * - `no_certificate`: there is no PEM certificate in it.
 * - `unreadable`: a certificate in it is damaged.
 * - `too_many`: more than ten certificates.
 * - `too_large`: more than 64 KiB.
 * - `foreign_origin`: a page of another site sent it.
 * - `malformed`: the body is no form and no JSON with `certificate`.
 */
export type WhatIfRefusal = 'private_key' | 'no_certificate' | 'unreadable' | 'too_many' | 'too_large' | 'foreign_origin' | 'malformed'

/** What `MTLS_ERR_CONSOLE_WHAT_IF` carries. */
export interface WhatIfError extends Error {
  readonly code: 'MTLS_ERR_CONSOLE_WHAT_IF'
  readonly statusCode: number
  readonly reason: WhatIfRefusal
}

const STATUS: Readonly<Partial<Record<WhatIfRefusal, number>>> = { foreign_origin: 403, too_large: 413 }

/** An `MTLS_ERR_CONSOLE_WHAT_IF` with its reason. */
export function refuseWhatIf (reason: WhatIfRefusal, message: string): WhatIfError {
  return Object.assign(new MTLS_ERR_CONSOLE_WHAT_IF(message), { reason, statusCode: STATUS[reason] ?? 400 }) as WhatIfError
}
