import { hash } from 'node:crypto'
import { inspect } from 'node:util'
import { encodePem } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { RevocationChecker } from '@peerkit/revocation'
import { neededCertificates } from './check/needed-certificates.ts'
import type { CheckedMaterial } from './check-material.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import { describeForeign } from './revocation-checker.ts'

/** What a snapshot adds to checked material. */
export interface SnapshotState { readonly generation: number, readonly trustEpoch: number, readonly revocation: RevocationChecker | undefined }

/** The only snapshot there is. The key lies in a private field: what is not a property cannot be logged, copied or serialised by mistake. */
export class FrozenSnapshot implements CredentialSnapshot {
  readonly generation: number
  readonly trustEpoch: number
  readonly cert: string
  readonly ca: readonly string[]
  readonly identity: PeerIdentity
  readonly intermediates: readonly PeerIdentity[]
  readonly anchors: readonly PeerIdentity[]
  readonly candidates: readonly PeerIdentity[]
  readonly intermediateCas: readonly string[]
  readonly trustDigest: string
  readonly notAfter: number
  readonly revocation: RevocationChecker | undefined
  readonly warnings: readonly string[]
  readonly #key: string

  constructor ({ certificates, key, anchors, crlIssuers, intermediates: known, trust, warnings }: CheckedMaterial, { generation, trustEpoch, revocation }: SnapshotState) {
    const [identity, ...intermediates] = certificates
    this.generation = generation
    this.trustEpoch = trustEpoch
    this.cert = certificates.map(toPem).join('')
    this.ca = Object.freeze(anchors.map(toPem))
    this.identity = identity
    this.intermediates = Object.freeze(intermediates)
    this.anchors = Object.freeze([...anchors])
    this.candidates = Object.freeze(once([...known, ...crlIssuers, ...intermediates], anchors))
    this.intermediateCas = Object.freeze(known.map(toPem))
    this.trustDigest = hash('sha256', trust, 'hex')
    this.notAfter = Math.min(...neededCertificates(certificates, anchors).map(({ notAfter = -Infinity }) => notAfter))
    this.revocation = revocation
    this.warnings = Object.freeze([...warnings, ...describeForeign(revocation)])
    this.#key = key
    Object.freeze(this)
  }

  get key (): string { return this.#key }

  /** What may be shown of it. */
  toJSON (): object {
    const { generation, trustEpoch, identity, intermediates, anchors, notAfter, warnings } = this
    return { generation, trustEpoch, identity, intermediates, anchors, notAfter: new Date(notAfter).toISOString(), revocation: this.revocation !== undefined, warnings, key: '[redacted]' }
  }

  static {
    // Not as a method: --isolatedDeclarations takes no computed names.
    Object.defineProperty(this.prototype, inspect.custom, {
      value (this: FrozenSnapshot, _depth: number, options: object): string { return describeSnapshot(this, options) }
    })
  }
}

function describeSnapshot ({ generation, trustEpoch, identity, anchors, notAfter, warnings }: FrozenSnapshot, options: object): string {
  const shown = { generation, trustEpoch, identity: String(identity), anchors: anchors.map(String), notAfter: new Date(notAfter).toISOString(), warnings, key: '[redacted]' }
  return `CredentialSnapshot ${inspect(shown, options)}`
}

/** Each certificate once, without those that stand elsewhere. */
function once (certificates: readonly PeerIdentity[], elsewhere: readonly PeerIdentity[]): PeerIdentity[] {
  const byFingerprint = new Map(certificates.map((certificate) => [certificate.fingerprint256, certificate]))
  for (const { fingerprint256 } of elsewhere) byFingerprint.delete(fingerprint256)
  return [...byFingerprint.values()]
}

function toPem (certificate: PeerIdentity): string {
  return encodePem(certificate.raw ?? new Uint8Array())
}
