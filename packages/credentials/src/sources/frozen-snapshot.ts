import crypto from 'node:crypto'
import { inspect } from 'node:util'
import { encodePem } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { derOf } from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import { checkersOf } from '../authority/authorities-of.ts'
import type { CheckedAuthority } from '../authority/check-authority.ts'
import { describeForeign, describeUncovered } from '../authority/crl-checkers.ts'
import type { Checkers } from '../authority/crl-checkers.ts'
import { checkMaterial, checkTrust } from '../material/check-material.ts'
import type { CheckedMaterial, CheckedTrust, MaterialContext, TrustContext } from '../material/check-material.ts'
import { neededCertificates } from '../material/check-own.ts'
import type { CredentialMaterial } from '../material/material.ts'
import { identitiesOf } from '../material/parsed-certificate.ts'
import { isOpaqueKey } from '../pkcs11/opaque-key.ts'
import type { OpaqueKey } from '../pkcs11/opaque-key.ts'
import type { CredentialSnapshot, SnapshotAuthority, TrustSnapshot } from './credential-snapshot.ts'

/** The properties of a snapshot that are not part of the checked material. */
interface SnapshotState {
  readonly generation: number
  readonly trustEpoch: number
  /** The checkers of the CRLs, by authority. */
  readonly checkers: Checkers
  /** When our certificate was taken back, in milliseconds since the epoch. Default: it was not. */
  readonly withdrawnAt?: number
}

/** A trust snapshot. */
class FrozenTrust implements TrustSnapshot {
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
    this.anchors = Object.freeze(once(this.authorities.flatMap(({ anchors }) => anchors), []))
    this.ca = Object.freeze(this.anchors.map(toPem))
    this.candidates = Object.freeze(once(this.authorities.flatMap(({ candidates }) => candidates), []))
    this.intermediateCas = Object.freeze(once(authorities.flatMap(({ intermediates: known }) => known), []).map(toPem))
    this.trustDigest = crypto.hash('sha256', trust, 'hex')
    const [first] = authorities
    this.revocation = first?.isNamed === false ? checkers.get(first.name) : undefined
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
function showAuthority ({ name, for: use, names, anchors }: SnapshotAuthority): object {
  return { name, for: use, names, ca: anchors.map(String) }
}

/** Authorities that did not change are the same object in the next snapshot, so that nothing is made again for them. */
const frozen = new WeakMap<CheckedAuthority, { readonly authority: SnapshotAuthority, readonly own: string }>()

function freezeAuthority (
  checked: CheckedAuthority, own: readonly PeerIdentity[], revocation: RevocationChecker | undefined
): SnapshotAuthority {
  const ownKeys = own.map(({ fingerprint256 }) => fingerprint256).join()
  const known = frozen.get(checked)
  if (known !== undefined && known.own === ownKeys && known.authority.revocation === revocation) return known.authority
  const authority = makeAuthority(checked, own, revocation)
  frozen.set(checked, { authority, own: ownKeys })
  return authority
}

function makeAuthority (
  { name, options, anchors: parsed, candidates: checked, intermediates: known }: CheckedAuthority,
  own: readonly PeerIdentity[], revocation: RevocationChecker | undefined
): SnapshotAuthority {
  const { for: use, names, partial, spiffeOnly, algorithms, serverAuthOnlyUntil, tolerate, checker } = options
  const limits = { for: use, names, partial, spiffeOnly, algorithms, serverAuthOnlyUntil, tolerate }
  const anchors = Object.freeze(identitiesOf(parsed))
  const candidates = Object.freeze(once([...known, ...checked, ...own], anchors))
  return Object.freeze({ name, ...limits, anchors, candidates, revocation, checker })
}

/** Removes duplicates, and certificates that are in `elsewhere`. */
function once (certificates: readonly PeerIdentity[], elsewhere: readonly PeerIdentity[]): PeerIdentity[] {
  const byFingerprint = new Map(certificates.map((certificate) => [certificate.fingerprint256, certificate]))
  for (const { fingerprint256 } of elsewhere) byFingerprint.delete(fingerprint256)
  return [...byFingerprint.values()]
}

const pems = new WeakMap<PeerIdentity, string>()

/** The same text for the same identity: each rotation writes all CAs again. */
export function toPem (certificate: PeerIdentity): string {
  const pem = pems.get(certificate) ?? encodePem(derOf(certificate) ?? new Uint8Array())
  pems.set(certificate, pem)
  return pem
}

/** A credential snapshot. The key is in a private field, so it cannot be logged, copied or serialized by mistake. */
class FrozenSnapshot extends FrozenTrust implements CredentialSnapshot {
  readonly cert: string
  readonly identity: PeerIdentity
  readonly intermediates: readonly PeerIdentity[]
  readonly notAfter: number
  readonly withdrawn: boolean
  readonly sendCaNames: boolean
  readonly opaqueKey: OpaqueKey | undefined
  readonly #key: string | undefined

  constructor (checked: CheckedMaterial, state: SnapshotState) {
    const { certificates, key } = checked
    const [identity, ...intermediates] = certificates
    super(checked, state, intermediates)
    this.cert = certificates.map(toPem).join('')
    this.identity = identity
    this.intermediates = Object.freeze(intermediates)
    const needed = neededCertificates(certificates, this.anchors)
    const { withdrawnAt = Infinity } = state
    this.notAfter = Math.min(withdrawnAt, ...needed.map(({ notAfter = -Infinity }) => notAfter))
    this.withdrawn = withdrawnAt !== Infinity
    this.sendCaNames = checked.sendCaNames
    this.opaqueKey = isOpaqueKey(key) ? key : undefined
    this.#key = isOpaqueKey(key) ? undefined : key
    Object.freeze(this)
  }

  get key (): string | undefined { return this.#key }

  override toJSON (): object {
    const { identity, intermediates, notAfter, withdrawn } = this
    const key = this.opaqueKey ?? '[redacted]'
    const own = { identity, intermediates, notAfter: new Date(notAfter).toISOString(), withdrawn, key }
    return { ...super.toJSON(), ...own }
  }

  static {
    // Not a method, because --isolatedDeclarations does not support computed names.
    Object.defineProperty(this.prototype, inspect.custom, {
      value (this: FrozenSnapshot, _depth: number, options: object): string { return describeSnapshot(this, options) }
    })
  }
}

function describeSnapshot (
  { generation, trustEpoch, identity, authorities, notAfter, withdrawn, warnings, opaqueKey }: FrozenSnapshot,
  options: object
): string {
  const shown = {
    generation,
    trustEpoch,
    identity: String(identity),
    authorities: authorities.map(showAuthority),
    notAfter: new Date(notAfter).toISOString(),
    withdrawn,
    warnings,
    key: opaqueKey?.uri ?? '[redacted]'
  }
  return `CredentialSnapshot ${inspect(shown, options)}`
}

/** What a source holds: credentials, or a trust without a certificate and key. */
export interface SourceKind<Snapshot extends TrustSnapshot, Checked extends CheckedTrust> {
  readonly check: (material: CredentialMaterial, context: TrustContext) => Checked
  readonly freeze: (checked: Checked, state: SnapshotState) => Snapshot
  /** Whether our certificate or key differs from the one in use. */
  readonly changesOwn: (checked: Checked, current: Snapshot) => boolean
}

export const TRUST: SourceKind<TrustSnapshot, CheckedTrust> = {
  check: (material, context) => checkTrust(material, context),
  freeze: (checked, state) => new FrozenTrust(checked, state),
  changesOwn: () => false
}

export const CREDENTIALS: SourceKind<CredentialSnapshot, CheckedMaterial> = {
  check: (material, context) => checkMaterial(material, context as MaterialContext),
  freeze: (checked, state) => new FrozenSnapshot(checked, state),
  changesOwn: ({ certificates, key }, current) => {
    const own = [current.identity, ...current.intermediates]
    const isSameKey = isOpaqueKey(key) ? key.equals(current.opaqueKey) : key === current.key
    return !isSameKey || own.length !== certificates.length ||
      own.some(({ fingerprint256 }, index) => fingerprint256 !== certificates[index]?.fingerprint256)
  }
}
