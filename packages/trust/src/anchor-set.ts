import { viewDer } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { readWholeCertificate } from './certificate/certificate.ts'
import type { Certificate } from './certificate/certificate.ts'

/** A certificate as callers give it: one that was parsed, or its DER. */
export type CertificateInput = PeerIdentity | Uint8Array

/** The trust anchors in force, by name. */
export class AnchorSet {
  readonly #byName = new Map<string, Certificate[]>()
  readonly #fingerprints = new Set<string>()

  /** @throws where one of them cannot be read: a CA fewer is a change of trust that nobody meant */
  constructor (anchors: readonly CertificateInput[]) {
    for (const input of anchors) this.add(readGiven(input))
  }

  add (anchor: Certificate): void {
    if (this.#fingerprints.has(anchor.fingerprint)) return
    this.#fingerprints.add(anchor.fingerprint)
    const group = this.#byName.get(anchor.subjectKey)
    if (group === undefined) this.#byName.set(anchor.subjectKey, [anchor])
    else group.push(anchor)
  }

  named (subjectKey: string): readonly Certificate[] {
    return this.#byName.get(subjectKey) ?? []
  }

  has ({ fingerprint }: Certificate): boolean {
    return this.#fingerprints.has(fingerprint)
  }
}

/** Reads a certificate that its giver believes in. @throws MTLS_ERR_CERTIFICATE_INVALID, MTLS_ERR_DER_INVALID */
export function readGiven (input: CertificateInput): Certificate {
  if (input instanceof Uint8Array) return readWholeCertificate(input)
  return readWholeCertificate(viewDer(input) ?? new Uint8Array(0), input)
}
