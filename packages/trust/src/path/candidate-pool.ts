import type { Certificate } from '../certificate/certificate.ts'

/** Certificates that may be in a path, by subject. They are not trusted until their signature was verified. */
export interface Candidates {
  /** @param subjectKey a `Certificate#subjectKey` */
  named (subjectKey: string): readonly Certificate[]
}

/** A fixed list of candidates, without duplicates and without certificates whose names cannot be read. */
export class CandidatePool implements Candidates {
  readonly #groups = new Map<string, Certificate[]>()
  readonly #byFingerprint = new Map<string, Certificate>()

  constructor (certificates: Iterable<Certificate>) {
    for (const certificate of certificates) {
      const key = subjectKeyOf(certificate)
      if (key === undefined || this.has(certificate)) continue
      this.#byFingerprint.set(certificate.fingerprint, certificate)
      const group = this.#groups.get(key)
      if (group === undefined) this.#groups.set(key, [certificate])
      else group.push(certificate)
    }
  }

  named (subjectKey: string): readonly Certificate[] {
    return this.#groups.get(subjectKey) ?? NONE
  }

  [Symbol.iterator] (): Iterator<Certificate> {
    return this.#byFingerprint.values()
  }

  has ({ fingerprint }: Certificate): boolean {
    return this.#byFingerprint.has(fingerprint)
  }
}

const NONE: readonly Certificate[] = Object.freeze([])

/** Joins pools, in their order. */
export function joinPools (pools: readonly Candidates[]): Candidates {
  return { named: (subjectKey) => pools.flatMap((pool) => pool.named(subjectKey)) }
}

function subjectKeyOf (certificate: Certificate): string | undefined {
  try {
    return certificate.issuerKey === undefined ? undefined : certificate.subjectKey
  } catch {
    return undefined
  }
}
