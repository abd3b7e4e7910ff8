import type { RevocationPolicy } from '@peerkit/revocation'
import type { Clock } from './clock.ts'

/** How material is judged before it is taken. */
export interface CheckOptions {
  /**
   * What our certificate is for, held against its extended key usage (RFC 5280 section 4.2.1.12). Default `either`: it must allow a server or a client, where it has
   * the extension at all.
   */
  readonly use?: 'server' | 'client' | 'both' | 'either' | undefined
  /**
   * Whether our own chain must lead to one of `ca`. `required`: refused otherwise. `reported` (default): a warning, since `ca` is whom *we* trust, and a server's
   * own certificate may well come from elsewhere. Both refuse to lose an intermediate that the same leaf's issuer had before. `unchecked`: neither.
   */
  readonly chain?: 'required' | 'reported' | 'unchecked' | undefined
  /** What a certificate that no CRL speaks of means. Default `hard` (refused), see @peerkit/revocation. */
  readonly revocationPolicy?: RevocationPolicy | undefined
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined
}
