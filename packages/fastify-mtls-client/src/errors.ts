import { CodedError, OptionError } from '@peerkit/identity/internal'

/** An option of the plugin, of a service or of a call is wrong. */
export class ServicesOptionError extends OptionError {
  static readonly code = 'MTLS_ERR_SERVICES_OPTION'
  override readonly code = 'MTLS_ERR_SERVICES_OPTION'

  constructor (detail: string) {
    super(`Invalid services option: ${detail}`)
  }
}

/** The expected service answered `ready()` with a status of 500 or more. */
export class ServicesNotReadyError extends CodedError {
  static readonly code = 'MTLS_ERR_SERVICES_NOT_READY'
  static readonly statusCode = 503
  override readonly code = 'MTLS_ERR_SERVICES_NOT_READY'
  readonly statusCode = 503

  /**
   * @param service its name
   * @param answered the status of its answer
   */
  constructor (service: string, answered: number) {
    super(`The service ${service} is not ready: it answered ${answered}`)
  }
}

/** The service did not answer within its option `timeout`, body included. `cause` is the timer's `TimeoutError`. */
export class ServicesTimeoutError extends CodedError {
  static readonly code = 'MTLS_ERR_SERVICES_TIMEOUT'
  static readonly statusCode = 504
  override readonly code = 'MTLS_ERR_SERVICES_TIMEOUT'
  readonly statusCode = 504

  /**
   * @param service its name
   * @param timeout milliseconds
   */
  constructor (service: string, timeout: number, options: ErrorOptions) {
    super(`The service ${service} did not answer within ${timeout} ms (its option timeout)`, options)
  }
}
