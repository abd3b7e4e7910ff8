import { SYSTEM_CLOCK } from './clock.ts'
import { checkTrust } from './check-material.ts'
import type { CheckedTrust } from './check-material.ts'
import type { TrustSnapshot, TrustSource } from './credential-snapshot.ts'
import { MTLS_ERR_CREDENTIALS_CLOSED } from './errors.ts'
import { FrozenTrust } from './frozen-trust.ts'
import { LiveTrust } from './live-trust.ts'
import { checkMaterialTypes, checkTrustGiven } from './material-check.ts'
import { OPTION_ORIGINS, TRUST_PARTS, crlsOf } from './material.ts'
import type { CheckOptions } from './check-options.ts'
import type { AuthorityMaterial, Pem, TrustMaterial } from './material.ts'
import { checkCheckOptions, checkKeys } from './option-check.ts'
import { createCheckers } from './revocation-checker.ts'

/** Whom to trust: by `ca`, or by named authorities. */
export interface GivenTrust extends Omit<TrustMaterial, 'ca'> {
  readonly ca?: Pem | readonly Pem[] | undefined
  readonly authorities?: Readonly<Record<string, AuthorityMaterial>> | undefined
}

export interface MemoryTrust extends TrustSource {
  /**
   * Puts another trust in force, which is given whole.
   *
   * @throws MTLS_ERR_CREDENTIALS_REFUSED, and the old stays in force. MTLS_ERR_CREDENTIALS_CLOSED after `close()`
   */
  update (trust: GivenTrust): TrustSnapshot
}

const KNOWN = [...TRUST_PARTS, 'authorities']

/**
 * Whom we trust, from memory: without a certificate or key of our own, for services behind a gateway that ends TLS for them. CRLs are at most 1 MiB each.
 *
 * @throws MTLS_ERR_CREDENTIALS_OPTION, MTLS_ERR_CREDENTIALS_REFUSED
 * @example
 * const trust = memoryTrust({ authorities: { clients: { ca: clientsRoot, names: { dns: 'clients.example' } } } })
 */
export function memoryTrust (options: GivenTrust & Pick<CheckOptions, 'revocationPolicy' | 'clock'>): MemoryTrust {
  checkKeys(options, [...KNOWN, 'revocationPolicy', 'clock'], [], 'memoryTrust')
  checkCheckOptions(options, 'memoryTrust')
  const { revocationPolicy, clock, ...given } = options
  return new TrustInMemory(given, { revocationPolicy, clock })
}

class TrustInMemory extends LiveTrust<TrustSnapshot, CheckedTrust> implements MemoryTrust {
  readonly #options: CheckOptions

  constructor (given: GivenTrust, options: CheckOptions) {
    const checked = check(given, options, 'memoryTrust')
    const checkers = createCheckers(checked.authorities, (name) => crlsOf(given, name), options.clock ?? SYSTEM_CLOCK, checked, undefined)
    super(checked, checkers, (trust, state) => new FrozenTrust(trust, state))
    this.#options = options
  }

  update (given: GivenTrust): TrustSnapshot {
    checkKeys(given, KNOWN, [], 'update')
    if (this.closed) throw new MTLS_ERR_CREDENTIALS_CLOSED('update() after close()')
    try {
      const checked = check(given, this.#options, 'update')
      const clock = this.#options.clock ?? SYSTEM_CLOCK
      const snapshot = this.take(checked, createCheckers(this.changedAuthorities(checked), (name) => crlsOf(given, name), clock, checked, this.current))
      this.recover()
      return snapshot
    } catch (error) {
      this.refuse(error as Error)
      throw error
    }
  }
}

function check (given: GivenTrust, options: CheckOptions, what: string): CheckedTrust {
  checkTrustGiven(given, what)
  checkMaterialTypes(given, what)
  return checkTrust(given, { origins: OPTION_ORIGINS, options })
}
