import { CodedError, OptionError } from '@peerkit/identity/internal'

/** An option is wrong. The message says which, what was found and what was expected. */
export class DevCaOptionError extends OptionError {
  static readonly code = 'MTLS_ERR_DEV_CA_OPTION'
  override readonly code = 'MTLS_ERR_DEV_CA_OPTION'

  constructor (problem: string) {
    super(`Invalid option: ${problem}`)
  }
}

/** The folder of a CA is missing, incomplete, damaged or locked, or a file would be overwritten. */
export class DevCaStateError extends CodedError {
  static readonly code = 'MTLS_ERR_DEV_CA_STATE'
  override readonly code = 'MTLS_ERR_DEV_CA_STATE'

  constructor (problem: string, options?: ErrorOptions) {
    super(`Development CA: ${problem}`, options)
  }
}
