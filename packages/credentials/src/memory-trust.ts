import { anything, defineOptions } from '@peerkit/identity/internal'
import { SYSTEM_CLOCK } from './clock.ts'
import { checkTrust } from './check-material.ts'
import type { CheckedTrust } from './check-material.ts'
import type { TrustSnapshot, TrustSource } from './credential-snapshot.ts'
import { MTLS_ERR_CREDENTIALS_CLOSED, MTLS_ERR_CREDENTIALS_OPTION } from './errors.ts'
import { FrozenTrust } from './frozen-trust.ts'
import { LiveTrust } from './live-trust.ts'
import { checkMaterialTypes, checkTrustGiven } from './material-check.ts'
import { OPTION_ORIGINS, TRUST_OPTIONS, crlsOf } from './material.ts'
import { CLOCK } from './check-options.ts'
import type { CheckOptions } from './check-options.ts'
import type { AuthorityMaterial, Pem, TrustMaterial } from './material.ts'
import { createCheckers } from './revocation-checker.ts'

/** Trusted CAs and CRLs: `ca`, or named `authorities`. */
export interface GivenTrust extends Omit<TrustMaterial, 'ca'> {
  /** CA certificates, PEM. Required unless `authorities` is set. */
  readonly ca?: Pem | readonly Pem[] | undefined
  /** Named authorities instead of `ca`, each with its own CAs, CRLs and limits. */
  readonly authorities?: Readonly<Record<string, AuthorityMaterial>> | undefined
}

/** Trusted CAs from memory. */
export interface MemoryTrust extends TrustSource {
  /**
   * Replaces all trusted CAs and CRLs.
   *
   * @returns the snapshot in use
   * @throws MTLS_ERR_CREDENTIALS_OPTION if an option is missing, unknown or of the wrong type
   * @throws MTLS_ERR_CREDENTIALS_REFUSED if a check fails; the former snapshot stays in use
   * @throws MTLS_ERR_CREDENTIALS_CLOSED after `close()`
   */
  update (trust: GivenTrust): TrustSnapshot
}

const OPTIONS = defineOptions<GivenTrust & Pick<CheckOptions, 'revocationPolicy' | 'clock'>>(
  'memoryTrust', MTLS_ERR_CREDENTIALS_OPTION, { ...TRUST_OPTIONS, revocationPolicy: anything, clock: CLOCK }
)
const UPDATE = defineOptions<GivenTrust>('update', MTLS_ERR_CREDENTIALS_OPTION, TRUST_OPTIONS)

/**
 * Makes a trust of CA certificates and CRLs in memory, without a certificate or key. For services behind a gateway that
 * terminates TLS. CRLs have at most 1 MiB each.
 *
 * @param options trusted CAs, and how they are checked
 * @throws MTLS_ERR_CREDENTIALS_OPTION if an option is missing, unknown or of the wrong type
 * @throws MTLS_ERR_CREDENTIALS_REFUSED if a check fails
 * @example
 * ```ts
 * const trust = memoryTrust({ authorities: { clients: { ca: ca.root, names: { dns: 'clients.example' } } } })
 * console.log(trust.current.authorities[0]?.names)
 * await trust.close()
 * ```
 */
export function memoryTrust (options: GivenTrust & Pick<CheckOptions, 'revocationPolicy' | 'clock'>): MemoryTrust {
  OPTIONS.check(options)
  const { revocationPolicy, clock, ...given } = options
  return new TrustInMemory(given, { revocationPolicy, clock })
}

class TrustInMemory extends LiveTrust<TrustSnapshot, CheckedTrust> implements MemoryTrust {
  #given: GivenTrust
  readonly #options: CheckOptions

  constructor (given: GivenTrust, options: CheckOptions) {
    const checked = check(given, options)
    const clock = options.clock ?? SYSTEM_CLOCK
    const checkers = createCheckers(checked.authorities, (name) => crlsOf(given, name), clock, checked, undefined)
    super(checked, checkers, clock, (trust, state) => new FrozenTrust(trust, state))
    this.#given = given
    this.#options = options
  }

  update (given: GivenTrust): TrustSnapshot {
    UPDATE.check(given)
    if (this.closed) throw new MTLS_ERR_CREDENTIALS_CLOSED('update() after close()')
    return this.#use(given)
  }

  protected override recheck (): void {
    try {
      this.#use(this.#given)
    } catch {
      // Subscribers were notified.
    }
  }

  #use (given: GivenTrust): TrustSnapshot {
    try {
      const checked = check(given, this.#options)
      const clock = this.#options.clock ?? SYSTEM_CLOCK
      const changed = this.changedAuthorities(checked)
      const checkers = createCheckers(changed, (name) => crlsOf(given, name), clock, checked, this.current)
      this.#given = given
      const snapshot = this.take(checked, checkers)
      this.recover()
      return snapshot
    } catch (error) {
      this.refuse(error as Error)
      throw error
    }
  }
}

function check (given: GivenTrust, options: CheckOptions): CheckedTrust {
  checkTrustGiven(given)
  checkMaterialTypes(given)
  return checkTrust(given, { origins: OPTION_ORIGINS, options })
}
