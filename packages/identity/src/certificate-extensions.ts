import { DerInvalidError } from './errors.ts'
import { ADMISSION, readAdmission } from './x509/admission.ts'
import type { AdmittedProfession } from './x509/admission.ts'
import { CERTIFICATE_FLAWS, readFields } from './x509/certificate.ts'
import type { Extension } from './x509/extensions.ts'
import { NO_STATEMENTS, QC_STATEMENTS, readQualifiedStatements } from './x509/qualified-statements.ts'
import type { QualifiedStatements } from './x509/qualified-statements.ts'
import { readTypedValue } from './x509/typed-value.ts'
import type { TypedValue } from './x509/typed-value.ts'

/** One extension of a certificate. */
export interface CertificateExtension {
  readonly critical: boolean
  /** Undefined if the content is not DER of one value. */
  readonly value: TypedValue | undefined
  /** The content in lower-case hex. */
  readonly hex: string
}

/** The value of an extension, or why it cannot be read. */
type Read<T> = { readonly value: T } | { readonly flaw: string }

/** The claims that are in extensions of their own, and that a flaw can make unreadable. */
export type ExtensionClaim = 'qualified' | 'admission'

const NO_PROFESSIONS: readonly AdmittedProfession[] = Object.freeze([])

/**
 * The extensions of a certificate that only some rules ask for. They are read when they are first asked for, because
 * most certificates and rules do not have them.
 */
export class CertificateExtensions {
  readonly #extensions: ReadonlyMap<string, Extension>
  #qualified: Read<QualifiedStatements> | undefined
  #admission: Read<readonly AdmittedProfession[]> | undefined
  readonly #found = new Map<string, CertificateExtension | null>()

  /** @param der a certificate that was parsed before */
  constructor (der: Uint8Array) {
    this.#extensions = readFields(der, CERTIFICATE_FLAWS).extensions
  }

  /** Undefined if it cannot be read. */
  get qualified (): QualifiedStatements | undefined { return valueOf(this.#readQualified()) }

  /** Undefined if it cannot be read. */
  get admission (): readonly AdmittedProfession[] | undefined { return valueOf(this.#readAdmission()) }

  /** Why a claim cannot be read; undefined if it can be. */
  flawOf (claim: ExtensionClaim): string | undefined {
    const read = claim === 'qualified' ? this.#readQualified() : this.#readAdmission()
    return 'flaw' in read ? read.flaw : undefined
  }

  /** The extension with this OID; null if the certificate has none. */
  find (oid: string): CertificateExtension | null {
    let found = this.#found.get(oid)
    if (found === undefined) {
      const extension = this.#extensions.get(oid)
      found = extension === undefined ? null : readExtension(extension)
      // Rules decide which OIDs are asked for. Absent ones are not kept: there may be many.
      if (found !== null) this.#found.set(oid, found)
    }
    return found
  }

  #readQualified (): Read<QualifiedStatements> {
    this.#qualified ??= this.#read(QC_STATEMENTS, readQualifiedStatements, NO_STATEMENTS)
    return this.#qualified
  }

  #readAdmission (): Read<readonly AdmittedProfession[]> {
    this.#admission ??= this.#read(ADMISSION, readAdmission, NO_PROFESSIONS)
    return this.#admission
  }

  #read<T> (oid: string, read: (bytes: Uint8Array) => T, absent: T): Read<T> {
    const extension = this.#extensions.get(oid)
    if (extension === undefined) return { value: absent }
    try {
      return { value: read(extension.value) }
    } catch (error) {
      if (!(error instanceof DerInvalidError)) throw error
      return { flaw: `the extension ${oid} cannot be read: ${error.message}` }
    }
  }
}

function valueOf<T> (read: Read<T>): T | undefined {
  return 'value' in read ? read.value : undefined
}

function readExtension ({ critical, value }: Extension): CertificateExtension {
  return Object.freeze({ critical, value: readTypedValue(value), hex: Buffer.from(value).toString('hex') })
}
