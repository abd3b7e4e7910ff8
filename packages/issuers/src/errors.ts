import { CodedError, OptionError } from '@peerkit/identity/internal'
import { oneLine } from './http/one-line.ts'

/** An option of an issuer is missing, unknown or wrong. */
export class IssuerOptionError extends OptionError {
  static readonly code = 'MTLS_ERR_ISSUER_OPTION'
  override readonly code = 'MTLS_ERR_ISSUER_OPTION'

  constructor (detail: string) {
    super(`Invalid issuer option: ${detail}`)
  }
}

/**
 * Why an issuer gave no certificate.
 *
 * - `unreachable`: no connection, or it broke.
 * - `denied`: it does not accept our authentication, or we may not ask for this certificate (HTTP 401 and 403).
 * - `refused`: it refuses the request itself (other HTTP statuses from 400 to 499).
 * - `rate_limited`: we ask too often (HTTP 429); `retryAfter` says when to ask again.
 * - `unavailable`: it cannot answer now (HTTP statuses from 500).
 * - `answer`: its answer is not what its API says.
 * - `challenge`: it could not verify that a name is ours, or we could not show it (ACME).
 */
export type IssuerReason =
  'unreachable' | 'denied' | 'refused' | 'rate_limited' | 'unavailable' | 'answer' | 'challenge'

/** Fields of {@link IssuerError}. */
export interface IssuerErrorOptions extends ErrorOptions {
  readonly status?: number | undefined
  readonly retryAfter?: number | undefined
}

/** An issuer gave no certificate. What was in use stays in use, and the issuer is asked again. */
export class IssuerError extends CodedError {
  static readonly code = 'MTLS_ERR_ISSUER'
  override readonly code = 'MTLS_ERR_ISSUER'
  readonly reason: IssuerReason
  /** The HTTP status of the answer. Undefined without an answer. */
  readonly status: number | undefined
  /** How long the issuer asks us to wait, in milliseconds (RFC 9110 section 10.2.3). */
  readonly retryAfter: number | undefined

  /** @param detail the issuer, what was asked, what was found and what was expected. No secret. It becomes one line */
  constructor (reason: IssuerReason, detail: string, { status, retryAfter, ...options }: IssuerErrorOptions = {}) {
    super(`No certificate: ${oneLine(detail)}`, options)
    this.reason = reason
    this.status = status
    this.retryAfter = retryAfter
  }
}

/** The text of an error without its first words, for another error that says more. */
export function detailOf ({ message }: IssuerError): string { return message.replace(/^No certificate: /, '') }
