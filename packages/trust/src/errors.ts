import { CodedError, OptionError } from '@peerkit/identity/internal'

/** An option or an argument is missing, unknown or invalid. The message names it. */
export class PathOptionError extends OptionError {
  static readonly code = 'MTLS_ERR_PATH_OPTION'
  override readonly code = 'MTLS_ERR_PATH_OPTION'

  constructor (problem: string, options?: ErrorOptions) {
    super(`Invalid trust option: ${problem}`, options)
  }
}

/** `createPathValidator` cannot get or read the trust anchors, or there are none. */
export class PathAnchorsError extends CodedError {
  static readonly code = 'MTLS_ERR_PATH_ANCHORS'
  override readonly code = 'MTLS_ERR_PATH_ANCHORS'

  constructor (problem: string, options?: ErrorOptions) {
    super(`No usable trust anchors: ${problem}`, options)
  }
}
