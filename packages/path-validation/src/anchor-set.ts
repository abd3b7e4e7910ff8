import { readPathCertificate } from './certificate/certificate.ts'
import type { Certificate } from './certificate/certificate.ts'

/** The trust anchors in force, by name. */
export class AnchorSet {
  readonly #byName = new Map<string, Certificate[]>()
  readonly #fingerprints = new Set<string>()

  /** @throws where one of them cannot be read: a CA fewer is a change of trust that nobody meant */
  constructor (anchors: readonly Uint8Array[]) {
    for (const der of anchors) {
      const anchor = readPathCertificate(der)
      if (this.#fingerprints.has(anchor.fingerprint)) continue
      this.#fingerprints.add(anchor.fingerprint)
      const group = this.#byName.get(anchor.subjectKey)
      if (group === undefined) this.#byName.set(anchor.subjectKey, [anchor])
      else group.push(anchor)
    }
  }

  named (subjectKey: string): readonly Certificate[] {
    return this.#byName.get(subjectKey) ?? []
  }

  has ({ fingerprint }: Certificate): boolean {
    return this.#fingerprints.has(fingerprint)
  }
}
