import { requestReasons } from '@peerkit/events'
import type { EventListeners, RequestJudgedMessage } from '@peerkit/events'
import {
  BoundedLabels, NO_AUTHORITY, createAllowedLabels, createAuthorityLabels, createIssuerLabels, createReasonLabels,
  reasonsOf
} from './labels.ts'
import type { Instruments } from './metric-catalogue.ts'

const MAX_GROUPS = 100
const MAX_ORIGINS = 100

/** Records handshakes, connections and forwarded certificates. */
export function recordConnections (instruments: Instruments): EventListeners {
  const handshakes = instruments.counter('peerkit.handshakes')
  const verification = instruments.histogram('peerkit.handshake.judgement.duration')
  const ended = instruments.counter('peerkit.connections.ended')
  const byIssuer = instruments.counter('peerkit.connections.by_issuer')
  const forwarded = instruments.counter('peerkit.forwarded.rejected')
  const issuers = createIssuerLabels()
  const authorities = createAuthorityLabels()
  const reasons = createReasonLabels(reasonsOf('certificate', 'inbound', 'forwarded'))
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
  const reasons = createReasonLabels(Object.keys(requestReasons))
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

/** Records credentials, rules, revocation, expiry and outbound connections. */
export function recordChanges (instruments: Instruments): EventListeners {
  const rotations = instruments.counter('peerkit.credentials.rotations')
  const reloads = instruments.counter('peerkit.rules.reloads')
  const refreshes = instruments.counter('peerkit.revocation.refreshes')
  const softPasses = instruments.counter('peerkit.revocation.soft_passes')
  const warnings = instruments.counter('peerkit.expiry.warnings')
  const outbound = instruments.counter('peerkit.outbound.connections')
  const origins = new BoundedLabels(MAX_ORIGINS)
  const reasons = createReasonLabels(reasonsOf('credentials'))
  return {
    'peerkit:credentials:rotated': () => { rotations.add(1, { 'peerkit.result': 'accepted' }) },
    'peerkit:credentials:refused': ({ reason, code }) => {
      rotations.add(1, { 'peerkit.result': 'refused', 'error.type': reasons.of(reason ?? code) })
    },
    'peerkit:rules:reloaded': () => { reloads.add(1, { 'peerkit.result': 'accepted' }) },
    'peerkit:rules:refused': () => { reloads.add(1, { 'peerkit.result': 'refused' }) },
    'peerkit:revocation:refreshed': ({ source }) => {
      refreshes.add(1, { 'peerkit.source': source, 'peerkit.result': 'accepted' })
    },
    'peerkit:revocation:failed': ({ source }) => {
      refreshes.add(1, { 'peerkit.source': source, 'peerkit.result': 'refused' })
    },
    'peerkit:revocation:soft-passed': () => { softPasses.add(1) },
    'peerkit:expiry:soon': ({ what, threshold }) => {
      warnings.add(1, { 'peerkit.kind': what, 'peerkit.threshold': threshold })
    },
    'peerkit:outbound:identified': ({ origin }) => {
      outbound.add(1, { 'server.address': origins.of(origin), 'peerkit.result': 'accepted' })
    },
    'peerkit:outbound:refused': ({ origin, code }) => {
      outbound.add(1, {
        'server.address': origins.of(origin),
        'peerkit.result': 'refused',
        'error.type': reasons.of(code)
      })
    }
  }
}
