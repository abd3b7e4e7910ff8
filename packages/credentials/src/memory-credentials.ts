import { checkMaterial } from './check-material.ts'
import type { CheckedMaterial } from './check-material.ts'
import type { CredentialSnapshot, CredentialSource } from './credential-snapshot.ts'
import { MTLS_ERR_CREDENTIALS_CLOSED } from './errors.ts'
import { LiveSource } from './live-source.ts'
import { SYSTEM_CLOCK } from './clock.ts'
import { OPTION_ORIGINS, TRUST_PARTS, crlsOf } from './material.ts'
import type { CheckOptions } from './check-options.ts'
import type { CredentialMaterial } from './material.ts'
import { checkMaterialTypes, checkTrustGiven } from './material-check.ts'
import { CHECK_OPTIONS, checkCheckOptions, checkKeys } from './option-check.ts'
import { createCheckers } from './revocation-checker.ts'

export interface MemoryCredentials extends CredentialSource {
  /**
   * Puts other material in force; what is left out stays as it was given last (`cert` or `key` take the place of a `pfx`, `authorities` that of `ca`, and the other
   * way round). `authorities` are given whole: one that is left out of them is gone.
   * Material that changes nothing gives the snapshot in force. CRLs that are older than those in force, or lack one
   * whose CA is still trusted, are refused: they would take back revocations.
   *
   * @throws MTLS_ERR_CREDENTIALS_REFUSED, and the old stays in force. MTLS_ERR_CREDENTIALS_CLOSED after `close()`
   */
  update (material: Partial<CredentialMaterial>): CredentialSnapshot
}

export const MATERIAL_OPTIONS: readonly string[] = ['cert', 'key', 'pfx', 'passphrase', ...TRUST_PARTS, 'authorities']

/**
 * Credentials from memory: PEM as strings or Buffers, PKCS#12 as Buffer. CRLs are at most 1 MiB each here, since they are parsed at once.
 *
 * @throws MTLS_ERR_CREDENTIALS_OPTION, MTLS_ERR_CREDENTIALS_REFUSED
 */
export function memoryCredentials (options: CredentialMaterial & CheckOptions): MemoryCredentials {
  checkKeys(options, [...MATERIAL_OPTIONS, ...CHECK_OPTIONS], [], 'memoryCredentials')
  checkCheckOptions(options, 'memoryCredentials')
  const { cert, key, pfx, passphrase, ca, crl, crlIssuers, intermediates, authorities, ...checkOptions } = options
  const material = { cert, key, pfx, passphrase, ca, crl, crlIssuers, intermediates, authorities }
  checkTrustGiven(material, 'memoryCredentials')
  checkMaterialTypes(material, 'memoryCredentials')
  const checked = checkMaterial(material, { origins: OPTION_ORIGINS, options: checkOptions, previous: undefined })
  return new MemorySource(checked, material, checkOptions)
}

class MemorySource extends LiveSource implements MemoryCredentials {
  #given: CredentialMaterial
  readonly #options: CheckOptions

  constructor (checked: CheckedMaterial, given: CredentialMaterial, options: CheckOptions) {
    super(checked, createCheckers(checked.authorities, (name) => crlsOf(given, name), options.clock ?? SYSTEM_CLOCK, checked, undefined))
    this.#given = given
    this.#options = options
  }

  update (material: Partial<CredentialMaterial>): CredentialSnapshot {
    checkKeys(material, MATERIAL_OPTIONS, [], 'update')
    if (this.closed) throw new MTLS_ERR_CREDENTIALS_CLOSED('update() after close()')
    const next = { ...this.#given, ...replacedBy(material), ...material }
    checkTrustGiven(next, 'update')
    checkMaterialTypes(next, 'update')
    try {
      const checked = checkMaterial(next, { origins: OPTION_ORIGINS, options: this.#options, previous: this.current })
      const changed = this.changedAuthorities(checked)
      const checkers = createCheckers(changed, (name) => crlsOf(next, name), this.#options.clock ?? SYSTEM_CLOCK, checked, this.current)
      this.#given = next
      const snapshot = this.take(checked, checkers)
      this.recover()
      return snapshot
    } catch (error) {
      this.refuse(error as Error)
      throw error
    }
  }
}

/** PEM takes the place of PKCS#12, and the other way round; a new certificate file may hold its own key. Named authorities take the place of `ca`. */
function replacedBy ({ cert, key, pfx, ca, authorities }: Partial<CredentialMaterial>): Partial<CredentialMaterial> {
  const own = pfx !== undefined ? { cert: undefined, key: undefined } : cert === undefined && key === undefined ? {} : { pfx: undefined }
  if (authorities !== undefined) return { ...own, ca: undefined, crl: undefined, crlIssuers: undefined, intermediates: undefined }
  return ca === undefined ? own : { ...own, authorities: undefined }
}
