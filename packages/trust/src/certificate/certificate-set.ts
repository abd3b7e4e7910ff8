import { viewDer } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { wrongValue } from '@peerkit/identity/internal'
import { PathOptionError } from '../errors.ts'
import { readWholeCertificate } from './certificate.ts'
import type { Certificate } from './certificate.ts'

/** Certificates that may be in a path, by subject. They are not trusted until their signature was verified. */
export interface Candidates {
  /** @param subjectKey a `Certificate#subjectKey` */
  named (subjectKey: string): readonly Certificate[]
}

const NONE: readonly Certificate[] = Object.freeze([])

/** A set of certificates, in their order. It leaves out those whose names cannot be read. */
export class CertificateSet implements Candidates {
  readonly #byName = new Map<string, Certificate[]>()
  readonly #byFingerprint = new Map<string, Certificate>()

  constructor (certificates: Iterable<Certificate> = NONE) {
    for (const certificate of certificates) this.add(certificate)
  }

  add (certificate: Certificate): void {
    const key = subjectKeyOf(certificate)
    if (key === undefined || this.has(certificate)) return
    this.#byFingerprint.set(certificate.fingerprint, certificate)
    const group = this.#byName.get(key)
    if (group === undefined) this.#byName.set(key, [certificate])
    else group.push(certificate)
  }

  named (subjectKey: string): readonly Certificate[] {
    return this.#byName.get(subjectKey) ?? NONE
  }

  has ({ fingerprint }: Certificate): boolean {
    return this.#byFingerprint.has(fingerprint)
  }

  [Symbol.iterator] (): Iterator<Certificate> {
    return this.#byFingerprint.values()
  }
}

function subjectKeyOf (certificate: Certificate): string | undefined {
  try {
    return certificate.issuerKey === undefined ? undefined : certificate.subjectKey
  } catch {
    return undefined
  }
}

/** Joins candidates, in their order. */
export function joinCandidates (lists: readonly Candidates[]): Candidates {
  return { named: (subjectKey) => lists.flatMap((list) => list.named(subjectKey)) }
}

/** A certificate as an argument or option: parsed, or in DER. */
export type CertificateInput = PeerIdentity | Uint8Array

const PEM_START = 0x2d

/** Parsed certificates with their verified signatures, to reuse them when authorities are loaded again. */
const read = new WeakMap<PeerIdentity, Certificate>()

/**
 * Reads a certificate from an option, which is trusted to be well-formed.
 *
 * @param where the name of the option in errors
 * @throws PathOptionError
 */
export function readInput (input: CertificateInput, where: string): Certificate {
  const der = derOf(input)
  if (der === undefined) {
    throw wrongValue(PathOptionError, where, input, 'a certificate, parsed or in DER (Uint8Array)')
  }
  if (input === der) return readDer(der, undefined, where)
  const identity = input as PeerIdentity
  let certificate = read.get(identity)
  if (certificate === undefined) read.set(identity, certificate = readDer(der, identity, where))
  return certificate
}

function readDer (der: Uint8Array, identity: PeerIdentity | undefined, where: string): Certificate {
  try {
    return readWholeCertificate(der, { identity })
  } catch (error) {
    const what = der[0] === PEM_START ? 'is PEM; expected DER' : `cannot be read: ${(error as Error).message}`
    throw new PathOptionError(`${where} ${what}`, { cause: error })
  }
}

function derOf (input: CertificateInput): Uint8Array | undefined {
  if (input instanceof Uint8Array) return input
  try {
    return viewDer(input)
  } catch {
    // Not an identity of @peerkit/identity.
    return undefined
  }
}
