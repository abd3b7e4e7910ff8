import { inspect } from 'node:util'
import type { PeerIdentity } from '@peerkit/identity'
import { neededCertificates } from './check/needed-certificates.ts'
import type { CheckedMaterial } from './check-material.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import { FrozenTrust, showAuthority, toPem } from './frozen-trust.ts'
import type { SnapshotState } from './frozen-trust.ts'

/** A credential snapshot. The key is in a private field, so it cannot be logged, copied or serialized by mistake. */
export class FrozenSnapshot extends FrozenTrust implements CredentialSnapshot {
  readonly cert: string
  readonly identity: PeerIdentity
  readonly intermediates: readonly PeerIdentity[]
  readonly notAfter: number
  readonly sendCaNames: boolean
  readonly #key: string

  constructor (checked: CheckedMaterial, state: SnapshotState) {
    const { certificates, key } = checked
    const [identity, ...intermediates] = certificates
    super(checked, state, intermediates)
    this.cert = certificates.map(toPem).join('')
    this.identity = identity
    this.intermediates = Object.freeze(intermediates)
    const needed = neededCertificates(certificates, this.anchors)
    this.notAfter = Math.min(...needed.map(({ notAfter = -Infinity }) => notAfter))
    this.sendCaNames = checked.sendCaNames
    this.#key = key
    Object.freeze(this)
  }

  get key (): string { return this.#key }

  override toJSON (): object {
    const { identity, intermediates, notAfter } = this
    return { ...super.toJSON(), identity, intermediates, notAfter: new Date(notAfter).toISOString(), key: '[redacted]' }
  }

  static {
    // Not a method, because --isolatedDeclarations does not support computed names.
    Object.defineProperty(this.prototype, inspect.custom, {
      value (this: FrozenSnapshot, _depth: number, options: object): string { return describeSnapshot(this, options) }
    })
  }
}

function describeSnapshot (
  { generation, trustEpoch, identity, authorities, notAfter, warnings }: FrozenSnapshot, options: object
): string {
  const shown = {
    generation,
    trustEpoch,
    identity: String(identity),
    authorities: authorities.map(showAuthority),
    notAfter: new Date(notAfter).toISOString(),
    warnings,
    key: '[redacted]'
  }
  return `CredentialSnapshot ${inspect(shown, options)}`
}
