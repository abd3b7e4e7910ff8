import { ClientError, OptionError } from '@peerkit/identity/internal'

/** An option is missing or wrong, or the plugin that protects the console is not registered. */
export class ConsoleOptionError extends OptionError {
  static readonly code = 'MTLS_ERR_CONSOLE_OPTION'
  override readonly code = 'MTLS_ERR_CONSOLE_OPTION'

  constructor (detail: string) {
    super(`Invalid console option: ${detail}`)
  }
}

/**
 * Why a request to What if was refused.
 *
 * - `private_key`: it has a private key. Nothing was parsed.
 * - `no_certificate`: it has no PEM certificate.
 * - `unreadable`: a certificate is damaged.
 * - `too_many`: more than ten certificates.
 * - `too_large`: more than 64 KiB. Status 413.
 * - `foreign_origin`: a page of another site sent it. Status 403.
 * - `malformed`: the body is not a form or JSON with `certificate`.
 */
export type WhatIfRefusal = 'private_key'
  | 'no_certificate'
  | 'unreadable'
  | 'too_many'
  | 'too_large'
  | 'foreign_origin'
  | 'malformed'

/** The pasted certificate cannot be checked. The message never has pasted text. */
export class ConsoleWhatIfError extends ClientError {
  static readonly code = 'MTLS_ERR_CONSOLE_WHAT_IF'
  static readonly statusCode = 400
  override readonly code = 'MTLS_ERR_CONSOLE_WHAT_IF'
  override readonly statusCode: 400 | 403 | 413
  readonly reason: WhatIfRefusal

  constructor (reason: WhatIfRefusal, detail: string) {
    super(`The certificate cannot be checked: ${detail}`)
    this.reason = reason
    this.statusCode = reason === 'foreign_origin' ? 403 : reason === 'too_large' ? 413 : 400
  }
}
