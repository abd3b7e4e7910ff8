import type { RenewalStatus } from './source-status.ts'

/** The last attempts to renew a certificate. */
export class RenewalState {
  #renewedAt: number
  #failures = 0
  #since: number | undefined
  #error: unknown

  /** @param now when the certificate in use was got, in milliseconds since the epoch */
  constructor (now: number) { this.#renewedAt = now }

  succeed (now: number): void {
    this.#renewedAt = now
    this.#failures = 0
    this.#since = this.#error = undefined
  }

  /** @returns how many attempts failed in a row */
  fail (error: unknown, now: number): number {
    this.#since ??= now
    this.#error = error
    this.#failures += 1
    return this.#failures
  }

  describe (): Pick<RenewalStatus, 'renewedAt' | 'failures' | 'failingSince' | 'code' | 'reason'> {
    const { code, reason } = readCodes(this.#error)
    return { renewedAt: this.#renewedAt, failures: this.#failures, failingSince: this.#since, code, reason }
  }
}

interface Codes { readonly code?: string | undefined, readonly reason?: string | undefined }

/** Code and reason of the issuer's own error, where it has them. Others make such errors, so they are bounded. */
function readCodes (error: unknown): Codes {
  if (typeof error !== 'object' || error === null) return {}
  const { code, reason, cause } = error as { code?: unknown, reason?: unknown, cause?: unknown }
  const own = readCodes(cause)
  if (own.code !== undefined) return own
  return { code: wordOf(code), reason: wordOf(reason) }
}

function wordOf (value: unknown): string | undefined {
  return typeof value === 'string' && /^\w{1,60}$/.test(value) ? value : undefined
}
