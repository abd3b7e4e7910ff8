import crypto from 'node:crypto'
import { inspect } from 'node:util'
import { encodePem } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { RevocationChecker } from '@peerkit/revocation'
import { checkersOf } from './authority/authorities-of.ts'
import type { CheckedAuthority } from './authority/check-authority.ts'
import { DEFAULT_AUTHORITY } from './authority/list-authorities.ts'
import type { SnapshotAuthority } from './authority/snapshot-authority.ts'
import type { CheckedTrust } from './check-material.ts'
import type { TrustSnapshot } from './credential-snapshot.ts'
import { describeForeign, describeUncovered } from './revocation-checker.ts'
import type { Checkers } from './revocation-checker.ts'

/** The properties of a snapshot that are not part of the checked material. */
export interface SnapshotState {
  readonly generation: number
  readonly trustEpoch: number
  /** The checkers of the CRLs, by authority. */
  readonly checkers: Checkers
}

/** A trust snapshot. */
export class FrozenTrust implements TrustSnapshot {
  readonly generation: number
  readonly trustEpoch: number
  readonly authorities: readonly SnapshotAuthority[]
  readonly ca: readonly string[]
  readonly anchors: readonly PeerIdentity[]
  readonly candidates: readonly PeerIdentity[]
  readonly intermediateCas: readonly string[]
  readonly trustDigest: string
  readonly revocation: RevocationChecker | undefined
  readonly warnings: readonly string[]

  /** @param own our own intermediates, which paths may use too */
  constructor (
    { authorities, trust, warnings }: CheckedTrust, { generation, trustEpoch, checkers }: SnapshotState,
    own: readonly PeerIdentity[] = []
  ) {
    this.generation = generation
    this.trustEpoch = trustEpoch
    this.authorities = Object.freeze(authorities.map((authority) => {
      return freezeAuthority(authority, own, checkers.get(authority.name))
    }))
    this.anchors = Object.freeze(this.authorities.flatMap(({ anchors }) => anchors))
    this.ca = Object.freeze(this.anchors.map(toPem))
    this.candidates = Object.freeze(once(this.authorities.flatMap(({ candidates }) => candidates), []))
    this.intermediateCas = Object.freeze(once(authorities.flatMap(({ intermediates: known }) => known), []).map(toPem))
    this.trustDigest = crypto.hash('sha256', trust, 'hex')
    this.revocation = checkers.get(DEFAULT_AUTHORITY)
    const ofLists = authorities.flatMap((authority) => {
      const checker = checkers.get(authority.name)
      return [...describeForeign(checker, authority.crlOrigin), ...describeUncovered(authority, checker)]
    })
    this.warnings = Object.freeze([...warnings, ...ofLists])
    if (new.target === FrozenTrust) Object.freeze(this)
  }

  /** Returns what may be shown. */
  toJSON (): object {
    const { generation, trustEpoch, anchors, warnings } = this
    const authorities = this.authorities.map(({ name, for: use, names }) => ({ name, for: use, names }))
    const revocation = this.authorities.some((authority) => checkersOf(authority).length > 0)
    return { generation, trustEpoch, authorities, anchors, revocation, warnings }
  }

  static {
    // Not a method, because --isolatedDeclarations does not support computed names.
    Object.defineProperty(this.prototype, inspect.custom, {
      value (this: FrozenTrust, _depth: number, options: object): string {
        const { generation, trustEpoch, warnings } = this
        const authorities = this.authorities.map(showAuthority)
        return `TrustSnapshot ${inspect({ generation, trustEpoch, authorities, warnings }, options)}`
      }
    })
  }
}

/** Returns the name, the limits and the CAs of an authority. */
export function showAuthority ({ name, for: use, names, anchors }: SnapshotAuthority): object {
  return { name, for: use, names, ca: anchors.map(String) }
}

function freezeAuthority (
  { name, options, anchors: parsed, candidates: checked, intermediates: known }: CheckedAuthority,
  own: readonly PeerIdentity[], revocation: RevocationChecker | undefined
): SnapshotAuthority {
  const { for: use, names, partial, algorithms, serverAuthOnlyUntil, tolerate, checker } = options
  const limits = { for: use, names, partial, algorithms, serverAuthOnlyUntil, tolerate }
  const anchors = Object.freeze(parsed.map(({ identity }) => identity))
  const candidates = Object.freeze(once([...known, ...checked, ...own], anchors))
  return Object.freeze({ name, ...limits, anchors, candidates, revocation, checker })
}

/** Removes duplicates, and certificates that are in `elsewhere`. */
function once (certificates: readonly PeerIdentity[], elsewhere: readonly PeerIdentity[]): PeerIdentity[] {
  const byFingerprint = new Map(certificates.map((certificate) => [certificate.fingerprint256, certificate]))
  for (const { fingerprint256 } of elsewhere) byFingerprint.delete(fingerprint256)
  return [...byFingerprint.values()]
}

export function toPem (certificate: PeerIdentity): string {
  return encodePem(certificate.raw ?? new Uint8Array())
}
