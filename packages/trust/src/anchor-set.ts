import { viewDer } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { readWholeCertificate } from './certificate/certificate.ts'
import type { Certificate } from './certificate/certificate.ts'
import { MTLS_ERR_PATH_OPTION } from './errors.ts'
import { describeType } from './option-check.ts'

/** A certificate as callers give it: one that was parsed, or its DER. */
export type CertificateInput = PeerIdentity | Uint8Array

/** The trust anchors in force, by name. */
export class AnchorSet {
  readonly #byName = new Map<string, Certificate[]>()
  readonly #fingerprints = new Set<string>()

  /** @throws MTLS_ERR_PATH_OPTION where one of them cannot be read: a CA fewer is a change of trust that nobody meant */
  constructor (anchors: readonly CertificateInput[]) {
    for (const [index, input] of anchors.entries()) this.add(readInput(input, `anchors[${index}]`))
  }

  add (anchor: Certificate): void {
    if (this.#fingerprints.has(anchor.fingerprint)) return
    this.#fingerprints.add(anchor.fingerprint)
    const group = this.#byName.get(anchor.subjectKey)
    if (group === undefined) this.#byName.set(anchor.subjectKey, [anchor])
    else group.push(anchor)
  }

  * [Symbol.iterator] (): Iterator<Certificate> {
    for (const group of this.#byName.values()) yield * group
  }

  named (subjectKey: string): readonly Certificate[] {
    return this.#byName.get(subjectKey) ?? []
  }

  has ({ fingerprint }: Certificate): boolean {
    return this.#fingerprints.has(fingerprint)
  }
}

const PEM_START = 0x2d

/** Read once, with the signatures that were verified: authorities are loaded again whenever the trust moves. */
const read = new WeakMap<PeerIdentity, Certificate>()

/**
 * Reads a certificate that its giver believes in.
 *
 * @param where what it is called in the options
 * @throws MTLS_ERR_PATH_OPTION
 */
export function readInput (input: CertificateInput, where: string): Certificate {
  const der = derOf(input)
  if (der === undefined) throw new MTLS_ERR_PATH_OPTION(`${where} is ${describeType(input)}; expected a certificate in DER (Uint8Array) or one that was parsed`)
  if (input === der) return readDer(der, undefined, where)
  let certificate = read.get(input as PeerIdentity)
  if (certificate === undefined) read.set(input as PeerIdentity, certificate = readDer(der, input as PeerIdentity, where))
  return certificate
}

function readDer (der: Uint8Array, identity: PeerIdentity | undefined, where: string): Certificate {
  try {
    return readWholeCertificate(der, identity)
  } catch (error) {
    const what = der[0] === PEM_START ? 'is PEM; expected DER' : `cannot be read: ${(error as Error).message}`
    throw Object.assign(new MTLS_ERR_PATH_OPTION(`${where} ${what}`), { cause: error })
  }
}

function derOf (input: CertificateInput): Uint8Array | undefined {
  if (input instanceof Uint8Array) return input
  try {
    return viewDer(input)
  } catch {
    // Something else than an identity of this package.
    return undefined
  }
}
