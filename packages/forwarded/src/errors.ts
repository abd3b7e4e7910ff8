import { OptionError } from '@peerkit/identity/internal'

/** An option of `createForwardedReader` is wrong. The message names it. */
export class ForwardedOptionError extends OptionError {
  static readonly code = 'MTLS_ERR_FORWARDED_OPTION'
  override readonly code = 'MTLS_ERR_FORWARDED_OPTION'

  constructor (problem: string) {
    super(`Invalid forwarded option: ${problem}`)
  }
}
