import { OptionError } from '@peerkit/identity/internal'

/** An option of the monitor is missing or wrong. The message says which, what was found and what was expected. */
export class MonitorOptionError extends OptionError {
  static readonly code = 'MTLS_ERR_MONITOR_OPTION'
  override readonly code = 'MTLS_ERR_MONITOR_OPTION'

  constructor (detail: string) {
    super(`Invalid monitor option: ${detail}`)
  }
}
