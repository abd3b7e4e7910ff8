import { checkMaterial } from './check-material.ts'
import type { CheckedMaterial } from './check-material.ts'
import type { CredentialSnapshot, CredentialSource } from './credential-snapshot.ts'
import { MTLS_ERR_CREDENTIALS_CLOSED } from './errors.ts'
import { LiveSource } from './live-source.ts'
import { OPTION_ORIGINS } from './material.ts'
import type { CheckOptions, CredentialMaterial } from './material.ts'
import { checkMaterialTypes } from './material-check.ts'
import { CHECK_OPTIONS, checkCheckOptions, checkKeys } from './option-check.ts'
import { createChecker } from './revocation-checker.ts'

export interface MemoryCredentials extends CredentialSource {
  /**
   * Puts other material in force; what is left out stays as it was given last (`cert` or `key` take the place of a `pfx`, and the other way round).
   * Material that changes nothing gives the snapshot in force. CRLs that are older than those in force, or lack one
   * whose CA is still trusted, are refused: they would take back revocations.
   *
   * @throws MTLS_ERR_CREDENTIALS_REFUSED, and the old stays in force. MTLS_ERR_CREDENTIALS_CLOSED after `close()`
   */
  update (material: Partial<CredentialMaterial>): CredentialSnapshot
}

export const MATERIAL_OPTIONS: readonly string[] = ['cert', 'key', 'pfx', 'passphrase', 'ca', 'crl', 'crlIssuers', 'intermediates']

/**
 * Credentials from memory: PEM as strings or Buffers, PKCS#12 as Buffer. CRLs are at most 1 MiB each here, since they are parsed at once.
 *
 * @throws MTLS_ERR_CREDENTIALS_OPTION, MTLS_ERR_CREDENTIALS_REFUSED
 */
export function memoryCredentials (options: CredentialMaterial & CheckOptions): MemoryCredentials {
  checkKeys(options, [...MATERIAL_OPTIONS, ...CHECK_OPTIONS], ['ca'], 'memoryCredentials')
  checkCheckOptions(options, 'memoryCredentials')
  const { cert, key, pfx, passphrase, ca, crl, crlIssuers, intermediates, ...checkOptions } = options
  const material = { cert, key, pfx, passphrase, ca, crl, crlIssuers, intermediates }
  checkMaterialTypes(material, 'memoryCredentials')
  const checked = checkMaterial(material, { origins: OPTION_ORIGINS, options: checkOptions, previous: undefined })
  return new MemorySource(checked, material, checkOptions)
}

class MemorySource extends LiveSource implements MemoryCredentials {
  #given: CredentialMaterial
  readonly #options: CheckOptions

  constructor (checked: CheckedMaterial, given: CredentialMaterial, options: CheckOptions) {
    super(checked, createChecker(given, checked, options, OPTION_ORIGINS.crl, { isFirst: true }))
    this.#given = given
    this.#options = options
  }

  update (material: Partial<CredentialMaterial>): CredentialSnapshot {
    checkKeys(material, MATERIAL_OPTIONS, [], 'update')
    if (this.closed) throw new MTLS_ERR_CREDENTIALS_CLOSED('update() after close()')
    const next = { ...this.#given, ...replacedBy(material), ...material }
    checkMaterialTypes(next, 'update')
    try {
      const checked = checkMaterial(next, { origins: OPTION_ORIGINS, options: this.#options, previous: this.current })
      const before = { isFirst: false, inForce: this.current.revocation }
      const checker = this.changesTrust(checked)
        ? createChecker(next, checked, this.#options, OPTION_ORIGINS.crl, before)
        : undefined
      this.#given = next
      return this.take(checked, checker)
    } catch (error) {
      this.refuse(error as Error)
      throw error
    }
  }
}

/** PEM takes the place of PKCS#12, and the other way round; a new certificate file may hold its own key. */
function replacedBy ({ cert, key, pfx }: Partial<CredentialMaterial>): Partial<CredentialMaterial> {
  if (pfx !== undefined) return { cert: undefined, key: undefined }
  return cert === undefined && key === undefined ? {} : { pfx: undefined }
}
