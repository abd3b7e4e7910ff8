import { anything, defineOptions, flag, list, span, valueOf } from '@peerkit/identity/internal'
import type { OptionTypes } from '@peerkit/identity/internal'
import { checkRevocationPolicy } from '@peerkit/revocation'
import type { RevocationPolicy } from '@peerkit/revocation'
import { IssuerOptionError } from '../../errors.ts'
import { isPath } from '../auth/auth-options.ts'

/** How the revocation of a mount is followed. */
export interface RevocationSettings {
  /**
   * More mounts whose CRLs are followed, such as that of the root: a mount lists the certificates that it issued, and
   * not those of its own CA. Default: none.
   */
  readonly mounts?: readonly string[] | undefined
  /** Whether delta CRLs are fetched too. Default true. */
  readonly delta?: boolean | undefined
  /** Whether the OCSP responder is asked too. Only its `revoked` counts. Default false. */
  readonly ocsp?: boolean | undefined
  /** What to do if the status is unknown. Default `hard`: refuse. */
  readonly policy?: RevocationPolicy | undefined
  /** Milliseconds between two fetches of a CRL. Default 60,000. */
  readonly refreshInterval?: number | undefined
}

const MOUNT = valueOf('a path such as "pki"', (value) => typeof value === 'string' && isPath(value))

/** The type of each option of {@link RevocationSettings}. */
export const REVOCATION_SETTINGS: OptionTypes<RevocationSettings> = {
  mounts: list('mounts', MOUNT), delta: flag, ocsp: flag, policy: anything, refreshInterval: span(1000)
}

const SETTINGS = defineOptions<RevocationSettings>('revocation', IssuerOptionError, REVOCATION_SETTINGS)

/** @throws IssuerOptionError */
export function checkSettings (settings: RevocationSettings, path: string): void {
  SETTINGS.check(settings, path)
  checkPolicy(settings.policy, `${path}.policy`)
}

/** @throws IssuerOptionError */
export function checkPolicy (policy: RevocationPolicy | undefined, path: string): void {
  if (policy === undefined) return
  try {
    checkRevocationPolicy(policy)
  } catch (error) {
    const detail = (error as Error).message.replace(/^Invalid [a-z ]+ option: /, '')
    throw new IssuerOptionError(`${path}: ${detail}`)
  }
}
