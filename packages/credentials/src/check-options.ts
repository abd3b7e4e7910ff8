import { anything, choice, flag, methods } from '@peerkit/identity/internal'
import type { OptionType, OptionTypes } from '@peerkit/identity/internal'
import type { RevocationPolicy } from '@peerkit/revocation'
import type { Clock } from './clock.ts'

/** How material is checked before it is used. */
export interface CheckOptions {
  /**
   * What the extended key usage of our certificate must allow (RFC 5280 section 4.2.1.12). Default `either`: a server
   * or a client. A certificate without the extension passes.
   */
  readonly use?: 'server' | 'client' | 'both' | 'either' | undefined
  /**
   * Whether our chain must lead to a CA in `ca`.
   *
   * - `required`: otherwise it is refused.
   * - `reported` (default): otherwise there is a warning. `ca` lists the CAs of peers; ours may be another one.
   * - `unchecked`: not checked.
   *
   * `required` and `reported` also refuse a chain without an intermediate that it had before.
   */
  readonly chain?: 'required' | 'reported' | 'unchecked' | undefined
  /** Whether certificates that no CRL covers are rejected (`hard`, default) or accepted, see @peerkit/revocation. */
  readonly revocationPolicy?: RevocationPolicy | undefined
  /**
   * Whether a server sends the names of its trusted CAs to clients, so that they can choose a certificate. Default
   * true. A TLS message holds at most 64,000 bytes of names, about 600 CAs; more are refused. With false, none are
   * sent, and clients that have several certificates cannot choose by CA.
   */
  readonly sendCaNames?: boolean | undefined
  /** Default: the system clock. */
  readonly clock?: Clock | undefined
}

/** An object with `now()` and `schedule()`. */
export const CLOCK: OptionType = methods(['now', 'schedule'])

/** The type of each option of {@link CheckOptions}. */
export const CHECK_OPTIONS: OptionTypes<CheckOptions> = {
  use: choice('server', 'client', 'both', 'either'),
  chain: choice('required', 'reported', 'unchecked'),
  revocationPolicy: anything,
  sendCaNames: flag,
  clock: CLOCK
}
