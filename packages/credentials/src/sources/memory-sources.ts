import { anything, defineOptions } from '@peerkit/identity/internal'
import { createCheckers } from '../authority/crl-checkers.ts'
import { CLOCK, SYSTEM_CLOCK } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { CredentialsClosedError, CredentialsOptionError } from '../errors.ts'
import type { CheckedMaterial, CheckedTrust } from '../material/check-material.ts'
import { checkMaterialTypes, checkTrustGiven } from '../material/check-types.ts'
import {
  CHECK_OPTIONS, MATERIAL_OPTIONS, OPTION_ORIGINS, TRUST_OPTIONS, crlsOf, pickOptions
} from '../material/material.ts'
import type { AuthorityMaterial, CheckOptions, CredentialMaterial, Pem, TrustMaterial } from '../material/material.ts'
import type { CredentialSnapshot, CredentialSource, TrustSnapshot, TrustSource } from './credential-snapshot.ts'
import { CREDENTIALS, TRUST } from './frozen-snapshot.ts'
import type { SourceKind } from './frozen-snapshot.ts'
import { LiveSource } from './live-source.ts'

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
   * @throws CredentialsOptionError if an option is unknown or of the wrong type
   * @throws CredentialsRefusedError if a check fails; the former snapshot stays in use
   * @throws CredentialsClosedError after `close()`
   */
  update (material: Partial<CredentialMaterial>): CredentialSnapshot
}

const MEMORY_CREDENTIALS = defineOptions<CredentialMaterial & CheckOptions>(
  'memoryCredentials', CredentialsOptionError, { ...MATERIAL_OPTIONS, ...CHECK_OPTIONS }
)
const CREDENTIALS_UPDATE = defineOptions<CredentialMaterial>('update', CredentialsOptionError, MATERIAL_OPTIONS)

/**
 * Makes credentials of PEM strings or Buffers, or of PKCS#12 in a Buffer. Synchronous. CRLs have at most 1 MiB each,
 * because they are parsed synchronously.
 *
 * @param options certificate, key and trusted CAs, and how they are checked
 * @throws CredentialsOptionError if an option is missing, unknown or of the wrong type
 * @throws CredentialsRefusedError if a check fails
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
  MEMORY_CREDENTIALS.check(options)
  return new CredentialsInMemory(CREDENTIALS, pickOptions<CredentialMaterial>(options, MATERIAL_OPTIONS), options)
}

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
   * @throws CredentialsOptionError if an option is missing, unknown or of the wrong type
   * @throws CredentialsRefusedError if a check fails; the former snapshot stays in use
   * @throws CredentialsClosedError after `close()`
   */
  update (trust: GivenTrust): TrustSnapshot
}

const MEMORY_TRUST = defineOptions<GivenTrust & Pick<CheckOptions, 'revocationPolicy' | 'clock'>>(
  'memoryTrust', CredentialsOptionError, { ...TRUST_OPTIONS, revocationPolicy: anything, clock: CLOCK }
)
const TRUST_UPDATE = defineOptions<GivenTrust>('update', CredentialsOptionError, TRUST_OPTIONS)

/**
 * Makes a trust of CA certificates and CRLs in memory, without a certificate or key. For services behind a gateway that
 * terminates TLS. CRLs have at most 1 MiB each.
 *
 * @param options trusted CAs, and how they are checked
 * @throws CredentialsOptionError if an option is missing, unknown or of the wrong type
 * @throws CredentialsRefusedError if a check fails
 * @example
 * ```ts
 * const trust = memoryTrust({ authorities: { clients: { ca: ca.root, names: { dns: 'clients.example' } } } })
 * console.log(trust.current.authorities[0]?.names)
 * await trust.close()
 * ```
 */
export function memoryTrust (options: GivenTrust & Pick<CheckOptions, 'revocationPolicy' | 'clock'>): MemoryTrust {
  MEMORY_TRUST.check(options)
  return new TrustInMemory(TRUST, pickOptions<GivenTrust>(options, TRUST_OPTIONS), options)
}

/** A source in memory. */
class MemorySource<Snapshot extends TrustSnapshot, Checked extends CheckedTrust> extends LiveSource<Snapshot, Checked> {
  readonly #kind: SourceKind<Snapshot, Checked>
  readonly #options: CheckOptions
  readonly #clock: Clock
  #given: CredentialMaterial

  constructor (kind: SourceKind<Snapshot, Checked>, given: CredentialMaterial, options: CheckOptions) {
    checkGiven(given)
    const checkOptions = pickOptions<CheckOptions>(options, CHECK_OPTIONS)
    const { clock = SYSTEM_CLOCK } = checkOptions
    const checked = kind.check(given, { origins: OPTION_ORIGINS, options: checkOptions })
    const checkers = createCheckers(checked.authorities, (name) => crlsOf(given, name), clock, checked, undefined)
    super(kind, checked, checkers, clock)
    this.#kind = kind
    this.#options = checkOptions
    this.#clock = clock
    this.#given = given
  }

  /** Uses what `change` makes of the material in use. */
  protected replace (change: (former: CredentialMaterial) => CredentialMaterial): Snapshot {
    if (this.closed) throw new CredentialsClosedError('update() after close()')
    const next = change(this.#given)
    checkGiven(next)
    return this.#use(next)
  }

  protected override recheck (): void {
    try {
      this.#use(this.#given)
    } catch {
      // Subscribers were notified.
    }
  }

  #use (next: CredentialMaterial): Snapshot {
    try {
      const { current } = this
      const checked = this.#kind.check(next, { origins: OPTION_ORIGINS, options: this.#options, previous: current })
      const changed = this.changedAuthorities(checked)
      const checkers = createCheckers(changed, (name) => crlsOf(next, name), this.#clock, checked, current)
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

class CredentialsInMemory extends MemorySource<CredentialSnapshot, CheckedMaterial> implements MemoryCredentials {
  update (material: Partial<CredentialMaterial>): CredentialSnapshot {
    CREDENTIALS_UPDATE.check(material)
    return this.replace((former) => ({ ...former, ...replacedBy(material), ...material }))
  }
}

class TrustInMemory extends MemorySource<TrustSnapshot, CheckedTrust> implements MemoryTrust {
  update (trust: GivenTrust): TrustSnapshot {
    TRUST_UPDATE.check(trust)
    return this.replace(() => trust)
  }
}

function checkGiven (material: CredentialMaterial): void {
  checkTrustGiven(material)
  checkMaterialTypes(material)
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
