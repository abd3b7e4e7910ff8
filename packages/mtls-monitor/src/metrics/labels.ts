import type { Attributes } from '@opentelemetry/api'
import { reasons } from '@peerkit/events'
import type { ReasonPlace } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'
import { clip } from '@peerkit/identity/internal'
import { namesOf } from '../callers-by-issuer.ts'

const MAX_LENGTH = 200

/**
 * Keeps the first values of a label and replaces all further ones by `other`, so that clients cannot create series
 * without limit.
 */
export class BoundedLabels {
  readonly #capacity: number
  readonly #seen = new Set<string>()

  /** @param known values that are kept from the start. They count towards the capacity. */
  constructor (capacity: number, known: readonly string[] = []) {
    this.#capacity = capacity
    for (const value of known) this.#seen.add(value)
  }

  of (value: string | undefined): string {
    if (value === undefined) return 'unknown'
    const kept = clip(value, MAX_LENGTH)
    if (!this.#seen.has(kept) && this.#seen.size >= this.#capacity) return 'other'
    this.#seen.add(kept)
    return kept
  }
}

/** The label without an authority: the client was not identified. */
export const NO_AUTHORITY = 'none'

/** Authorities come from the configuration, but each adds a series to every metric with this label. */
const MAX_AUTHORITIES = 50
const MAX_ISSUERS = 50
const MAX_REASONS = 50

/** Creates the function that returns the label for the authority of a peer. */
export function createAuthorityLabels (): (peer: PeerIdentity | null | undefined) => string {
  const names = new BoundedLabels(MAX_AUTHORITIES)
  return (peer) => peer?.authority === undefined ? NO_AUTHORITY : names.of(peer.authority)
}

/** Caches the labels of allowed requests, which are most requests. The number of labels is bounded. */
export function createAllowedLabels (): (authority: string, group: string) => Attributes {
  const known = new Map<string, Map<string, Attributes>>()
  return (authority, group) => {
    let byGroup = known.get(authority)
    if (byGroup === undefined) known.set(authority, byGroup = new Map())
    let attributes = byGroup.get(group)
    if (attributes === undefined) {
      attributes = { 'peerkit.decision': 'allowed', 'peerkit.group': group, 'peerkit.authority': authority }
      byGroup.set(group, attributes)
    }
    return attributes
  }
}

/**
 * Caches the labels of issuer and root by identity, which the requests of a connection share. The pairs are bounded.
 */
export function createIssuerLabels (): (peer: PeerIdentity) => Attributes {
  const pairs = new BoundedLabels(MAX_ISSUERS)
  const known = new WeakMap<PeerIdentity, Attributes>()
  return (peer) => {
    let attributes = known.get(peer)
    if (attributes === undefined) {
      const { issuer = 'unknown', anchor = 'unknown' } = namesOf(peer)
      const isOther = pairs.of(`${issuer}\n${anchor}`.slice(0, MAX_LENGTH)) === 'other'
      attributes = isOther
        ? { 'peerkit.issuer': 'other', 'peerkit.anchor': 'other' }
        : { 'peerkit.issuer': issuer, 'peerkit.anchor': anchor }
      known.set(peer, attributes)
    }
    return attributes
  }
}

/** Creates labels for reasons and codes. The known reasons of {@link reasonsOf} are kept from the start. */
export function createReasonLabels (known: readonly string[]): BoundedLabels {
  return new BoundedLabels(MAX_REASONS, known)
}

/** Every reason of these places. */
export function reasonsOf (...places: readonly ReasonPlace[]): readonly string[] {
  return Object.entries(reasons).filter(([, entry]) => places.some((place) => entry.places.includes(place)))
    .map(([reason]) => reason)
}
