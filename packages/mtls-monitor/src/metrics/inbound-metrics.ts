import { requestReasons } from '@peerkit/events'
import type { EventListeners, RequestJudgedMessage } from '@peerkit/events'
import type { Attributes } from '@opentelemetry/api'
import type { PeerIdentity } from '@peerkit/identity'
import { namesOf } from '../callers-by-issuer.ts'
import { NO_AUTHORITY, createAuthorityLabels } from './authority-labels.ts'
import { BoundedLabels } from './bounded-labels.ts'
import type { Instruments } from './instruments.ts'
import { reasonsOf } from './zero-series.ts'

const MAX_GROUPS = 100
const MAX_ISSUERS = 50
const MAX_REASONS = 50

/** Records handshakes, connections and forwarded certificates. */
export function recordConnections (instruments: Instruments): EventListeners {
  const handshakes = instruments.counter('peerkit.handshakes')
  const verification = instruments.histogram('peerkit.handshake.judgement.duration')
  const ended = instruments.counter('peerkit.connections.ended')
  const byIssuer = instruments.counter('peerkit.connections.by_issuer')
  const forwarded = instruments.counter('peerkit.forwarded.rejected')
  const issuers = createIssuerLabels()
  const authorities = createAuthorityLabels()
  const reasons = new BoundedLabels(MAX_REASONS, reasonsOf('certificate', 'inbound', 'forwarded'))
  const recordDuration = (durationMs: number | undefined, result: string): void => {
    if (durationMs !== undefined) verification.record(durationMs / 1000, { 'peerkit.result': result })
  }
  return {
    'peerkit:handshake:refused': ({ reason, resumed, durationMs }) => {
      // A refused certificate was not verified, so no authority vouches for it.
      const labels = { 'peerkit.result': 'refused', 'peerkit.resumed': resumed, 'peerkit.authority': NO_AUTHORITY }
      handshakes.add(1, { ...labels, 'error.type': reasons.of(reason) })
      recordDuration(durationMs, 'refused')
    },
    'peerkit:connection:identified': ({ peer, resumed, durationMs }) => {
      const authority = authorities(peer)
      handshakes.add(1, { 'peerkit.result': 'accepted', 'peerkit.resumed': resumed, 'peerkit.authority': authority })
      byIssuer.add(1, issuers(peer))
      recordDuration(durationMs, 'accepted')
    },
    'peerkit:connection:ended': ({ reason, peer }) => {
      ended.add(1, { 'error.type': reasons.of(reason), 'peerkit.authority': authorities(peer) })
    },
    'peerkit:forwarded:refused': ({ reason }) => {
      forwarded.add(1, { 'peerkit.result': 'refused', 'error.type': reasons.of(reason) })
    },
    'peerkit:forwarded:stripped': ({ reason }) => {
      forwarded.add(1, { 'peerkit.result': 'stripped', 'error.type': reasons.of(reason) })
    }
  }
}

/** Records requests by decision, and the time that decisions take. */
export function recordRequests (instruments: Instruments): EventListeners {
  const requests = instruments.counter('peerkit.requests')
  const byIssuer = instruments.counter('peerkit.requests.by_issuer')
  const duration = instruments.histogram('peerkit.verdict.duration')
  const verdicts = instruments.counter('peerkit.verdicts')
  const issuers = createIssuerLabels()
  const groups = new BoundedLabels(MAX_GROUPS)
  const reasons = new BoundedLabels(MAX_REASONS, Object.keys(requestReasons))
  const authorities = createAuthorityLabels()
  const allowedOf = createAllowedLabels()
  const HIT = { 'peerkit.cache': 'hit' }
  const MISS = { 'peerkit.cache': 'miss' }
  const recordDuration = ({ durationMs, cached }: RequestJudgedMessage, decision: string): void => {
    if (cached === undefined) return
    verdicts.add(1, cached ? HIT : MISS)
    // Cached decisions take almost no time. In the histogram they would hide the others.
    if (!cached && durationMs !== undefined) duration.record(durationMs / 1000, { 'peerkit.decision': decision })
  }
  return {
    'peerkit:request:allowed': (message) => {
      const group = message.group === undefined ? 'none' : groups.of(message.group)
      requests.add(1, allowedOf(authorities(message.peer), group))
      if (message.peer !== null) byIssuer.add(1, issuers(message.peer))
      recordDuration(message, 'allowed')
    },
    'peerkit:request:denied': (message) => {
      const { reason, peer } = message
      requests.add(1, {
        'peerkit.decision': 'denied',
        'peerkit.authority': authorities(peer),
        'error.type': reasons.of(reason)
      })
      recordDuration(message, 'denied')
    },
    'peerkit:request:would-deny': ({ reason, peer }) => {
      const labels = { 'peerkit.decision': 'would_deny', 'peerkit.authority': authorities(peer) }
      requests.add(1, { ...labels, 'error.type': reasons.of(reason) })
    }
  }
}

/** Caches the labels of allowed requests, which are most requests. The number of labels is bounded. */
function createAllowedLabels (): (authority: string, group: string) => Attributes {
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
function createIssuerLabels (): (peer: PeerIdentity) => Attributes {
  const pairs = new BoundedLabels(MAX_ISSUERS)
  const known = new WeakMap<PeerIdentity, Attributes>()
  return (peer) => {
    let attributes = known.get(peer)
    if (attributes === undefined) {
      const { issuer = 'unknown', anchor = 'unknown' } = namesOf(peer)
      const isOther = pairs.of(`${issuer}\n${anchor}`.slice(0, 200)) === 'other'
      attributes = isOther
        ? { 'peerkit.issuer': 'other', 'peerkit.anchor': 'other' }
        : { 'peerkit.issuer': issuer, 'peerkit.anchor': anchor }
      known.set(peer, attributes)
    }
    return attributes
  }
}
