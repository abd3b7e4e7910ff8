import { defineOptions } from '@peerkit/identity/internal'
import { checkMaterial } from './check-material.ts'
import type { CheckedMaterial } from './check-material.ts'
import type { CredentialSnapshot, CredentialSource } from './credential-snapshot.ts'
import { MTLS_ERR_CREDENTIALS_CLOSED, MTLS_ERR_CREDENTIALS_OPTION } from './errors.ts'
import { LiveSource } from './live-source.ts'
import { SYSTEM_CLOCK } from './clock.ts'
import { MATERIAL_OPTIONS, OPTION_ORIGINS, crlsOf } from './material.ts'
import { CHECK_OPTIONS } from './check-options.ts'
import type { CheckOptions } from './check-options.ts'
import type { CredentialMaterial } from './material.ts'
import { checkMaterialTypes, checkTrustGiven } from './material-check.ts'
import { createCheckers } from './revocation-checker.ts'

/** Credentials from memory. */
export interface MemoryCredentials extends CredentialSource {
  /**
   * Replaces parts of the material. Options that are left out keep their former value.
   *
   * - `cert` or `key` replace a former `pfx`, and the other way round.
   * - `authorities` replaces `ca`, and the other way round. An authority that is left out of it is removed.
   * - CRLs are refused if they are older than those in use, or if the CRL of a CA that is still trusted is missing.
   *   They would undo revocations.
   *
   * @param material what changes
   * @returns the snapshot in use; the former one if nothing changed
   * @throws MTLS_ERR_CREDENTIALS_OPTION if an option is unknown or of the wrong type
   * @throws MTLS_ERR_CREDENTIALS_REFUSED if a check fails; the former snapshot stays in use
   * @throws MTLS_ERR_CREDENTIALS_CLOSED after `close()`
   */
  update (material: Partial<CredentialMaterial>): CredentialSnapshot
}

const OPTIONS = defineOptions<CredentialMaterial & CheckOptions>('memoryCredentials', MTLS_ERR_CREDENTIALS_OPTION, {
  ...MATERIAL_OPTIONS, ...CHECK_OPTIONS
})
const UPDATE = defineOptions<CredentialMaterial>('update', MTLS_ERR_CREDENTIALS_OPTION, MATERIAL_OPTIONS)

/**
 * Makes credentials of PEM strings or Buffers, or of PKCS#12 in a Buffer. Synchronous. CRLs have at most 1 MiB each,
 * because they are parsed synchronously.
 *
 * @param options certificate, key and trusted CAs, and how they are checked
 * @throws MTLS_ERR_CREDENTIALS_OPTION if an option is missing, unknown or of the wrong type
 * @throws MTLS_ERR_CREDENTIALS_REFUSED if a check fails
 * @example
 * ```ts
 * const source = memoryCredentials({ cert: issued.chain, key: issued.key, ca: ca.root })
 * const { chain, key } = await ca.issue({ cn: 'ledger', dns: 'localhost' })
 * const { generation } = source.update({ cert: chain, key })
 * console.log(generation) // 2
 * await source.close()
 * ```
 */
export function memoryCredentials (options: CredentialMaterial & CheckOptions): MemoryCredentials {
  OPTIONS.check(options)
  const { cert, key, pfx, passphrase, ca, crl, crlIssuers, intermediates, authorities, ...checkOptions } = options
  const material = { cert, key, pfx, passphrase, ca, crl, crlIssuers, intermediates, authorities }
  checkTrustGiven(material)
  checkMaterialTypes(material)
  const checked = checkMaterial(material, { origins: OPTION_ORIGINS, options: checkOptions, previous: undefined })
  return new MemorySource(checked, material, checkOptions)
}

class MemorySource extends LiveSource implements MemoryCredentials {
  #given: CredentialMaterial
  readonly #options: CheckOptions

  constructor (checked: CheckedMaterial, given: CredentialMaterial, options: CheckOptions) {
    const clock = options.clock ?? SYSTEM_CLOCK
    super(checked, createCheckers(checked.authorities, (name) => crlsOf(given, name), clock, checked, undefined), clock)
    this.#given = given
    this.#options = options
  }

  update (material: Partial<CredentialMaterial>): CredentialSnapshot {
    UPDATE.check(material)
    if (this.closed) throw new MTLS_ERR_CREDENTIALS_CLOSED('update() after close()')
    const next = { ...this.#given, ...replacedBy(material), ...material }
    checkTrustGiven(next)
    checkMaterialTypes(next)
    return this.#use(next)
  }

  protected override recheck (): void {
    try {
      this.#use(this.#given)
    } catch {
      // Subscribers were notified.
    }
  }

  #use (next: CredentialMaterial): CredentialSnapshot {
    try {
      const checked = checkMaterial(next, { origins: OPTION_ORIGINS, options: this.#options, previous: this.current })
      const changed = this.changedAuthorities(checked)
      const clock = this.#options.clock ?? SYSTEM_CLOCK
      const checkers = createCheckers(changed, (name) => crlsOf(next, name), clock, checked, this.current)
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

/**
 * The former options that new ones replace: PEM replaces PKCS#12, `authorities` replaces `ca`, and the other way round.
 */
function replacedBy ({ cert, key, pfx, ca, authorities }: Partial<CredentialMaterial>): Partial<CredentialMaterial> {
  const ownPem = cert === undefined && key === undefined ? {} : { pfx: undefined }
  const own = pfx !== undefined ? { cert: undefined, key: undefined } : ownPem
  if (authorities !== undefined) {
    return { ...own, ca: undefined, crl: undefined, crlIssuers: undefined, intermediates: undefined }
  }
  return ca === undefined ? own : { ...own, authorities: undefined }
}
